"""A score for every pair, low where the two do not belong together; each also of pairs that are shuffled."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.mismatched.likelihood import PairLikelihood, fit_pair_likelihood
from sde_core.retrieval.links import Ints, as_links

PairMeasure = Literal["margin", "ratio", "cosine"]
MEASURES: tuple[PairMeasure, ...] = get_args(PairMeasure)
Progress: TypeAlias = Callable[[float], object]
"""Called with the share that is done."""
Groups: TypeAlias = Sequence[Any] | npt.NDArray[Any] | None
NEIGHBOURS = 10
FEWEST = 20
"""Pairs of which anything can be said."""
_N_FOLDS = 5
_BANK = 8_192
_BLOCK = 1 << 22


def pair_scores(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike | None = None,
    *,
    measure: PairMeasure = "margin",
    groups: Groups = None,
    seed: int = 0,
) -> Float[Tensor, " l"]:
    """Return a score for every link, low where image and caption do not match.

    "margin" is the cosine less the mean cosine of each side to its 10 nearest of the other modality (CSLS): cosines of
    different pairs are on no common scale, margins are. "ratio" is the log likelihood ratio of a pair against two
    strangers, for Gaussians with the covariances and the cross-covariance of the other folds. "cosine" is the cosine.
    More than 8,192 rows of a modality are searched for neighbours in a seeded sample of so many.

    Args:
        image: (n_images, d) rows, none of zeros.
        text: (n_texts, d) rows, none of zeros.
        text_to_image: (n_texts,) or (l, 2) as in `retrieval_metrics`; None pairs by row.
        measure: which score.
        groups: of "ratio": (n_images,) labels; images of one label are in one fold, so that, with concepts as labels,
            each is scored by what was learned of others. None: every image by itself.
        seed: of sample and folds.

    Returns:
        (l,) float64, in the order of the links as `EmbeddingSet` has them: grouped by image.

    Raises:
        DataError: fewer than 20 links, rows that are not finite or zero, other widths, not one label an image,
            or one label that holds most images.
        ConfigError: unknown measure.

    Source: docs/method.md, equations (7.6) and (6.49).
    """
    scorer = PairScorer(image, text, text_to_image, measure=measure, groups=groups, seed=seed)
    return scorer(scorer.links)


class PairScorer:
    """What `pair_scores` needs of a set, fitted once: it scores the links, and any others."""

    def __init__(
        self,
        image: MatrixLike,
        text: MatrixLike,
        text_to_image: MatrixLike | None = None,
        *,
        measure: PairMeasure = "margin",
        groups: Groups = None,
        seed: int = 0,
        progress: Progress = lambda share: None,
    ) -> None:
        if measure not in MEASURES:
            raise ConfigError(f"measure must be one of {', '.join(MEASURES)}; got {measure!r}")
        self.image, self.text = unit_rows(image, "image"), unit_rows(text, "text")
        if self.image.shape[1] != self.text.shape[1]:
            raise DataError(
                f"image and text must have the same width; got {self.image.shape[1]} and {self.text.shape[1]}"
            )
        self.text = self.text.to(self.image.device)
        self.links: Ints = as_links(text_to_image, len(self.text), len(self.image))
        if len(self.links) < FEWEST:
            raise DataError(f"there must be at least {FEWEST} pairs to compare; got {len(self.links)}")
        self.measure = measure
        self._near: tuple[Tensor, Tensor] | None = None
        self._fits: list[PairLikelihood] = []
        self.fold = np.zeros(len(self.image), np.int64)
        """(n_images,) fold of each image; pairs are shuffled within folds."""
        if measure == "margin":
            first = _mean_of_nearest(self.image, self.text, seed, lambda share: progress(share / 2))
            second = _mean_of_nearest(self.text, self.image, seed, lambda share: progress(0.5 + share / 2))
            self._near = first, second
        elif measure == "ratio":
            self.fold = _folds(len(self.image), groups, seed)
            of_link = self.fold[self.links[:, 1]]
            for k in range(_N_FOLDS):
                self._fits.append(self._fit(of_link != k))
                progress((k + 1) / _N_FOLDS)

    def __call__(self, links: Ints) -> Float[Tensor, " l"]:
        """Return the scores of (l, 2) links of (text row, image row), float64 on the CPU."""
        found = torch.empty(len(links), dtype=torch.float64)
        size = max(1, _BLOCK // self.image.shape[1])
        for start in range(0, len(links), size):
            part = slice(start, start + size)
            found[part] = self._block(links[part]).cpu()
        return found

    def _block(self, links: Ints) -> Tensor:
        texts, images = torch.from_numpy(links.T.copy()).to(self.image.device)
        x, y = self.image[images], self.text[texts]
        if self.measure == "ratio":
            found = torch.empty(len(links), dtype=torch.float64, device=x.device)
            fold = torch.from_numpy(self.fold[links[:, 1]]).to(x.device)
            for k, fit in enumerate(self._fits):
                found[fold == k] = fit.ratio(x[fold == k], y[fold == k])
            return found
        cosine = (x.double() * y.double()).sum(dim=1)
        if self._near is None:
            return cosine
        return cosine - (self._near[0][images] + self._near[1][texts]) / 2

    def _fit(self, rows: npt.NDArray[np.bool_]) -> PairLikelihood:
        texts, images = torch.from_numpy(self.links[rows].T.copy()).to(self.image.device)
        return fit_pair_likelihood(self.image[images], self.text[texts])


def _mean_of_nearest(rows: Tensor, others: Tensor, seed: int, progress: Progress) -> Tensor:
    """Return for each row the mean cosine to its nearest of the other modality."""
    if len(others) > _BANK:
        chosen = torch.randperm(len(others), generator=torch.Generator().manual_seed(seed))[:_BANK]
        others = others[chosen.to(others.device)]
    k, size = min(NEIGHBOURS, len(others)), max(1, _BLOCK // len(others))
    means = torch.empty(len(rows), dtype=torch.float64, device=rows.device)
    for start in range(0, len(rows), size):
        block = rows[start : start + size] @ others.T
        means[start : start + size] = block.topk(k, dim=1, sorted=False).values.mean(1).double()
        progress(min(1.0, (start + size) / len(rows)))
    return means


def _folds(n_images: int, groups: Groups, seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of every image; the largest group first, each to the fold with the fewest images."""
    labels = np.arange(n_images) if groups is None else np.asarray(groups)
    if labels.shape != (n_images,):
        raise DataError(f"groups must have {n_images} labels, one an image; got shape {labels.shape}")
    names, of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    fold, filled = np.zeros(len(names), np.int64), np.zeros(_N_FOLDS, np.int64)
    for name in order[np.argsort(-sizes[order], kind="stable")]:
        fold[name] = filled.argmin()
        filled[fold[name]] += sizes[name]
    if not filled.all() or 2 * filled.max() > n_images:
        raise DataError(
            f"groups must deal out to {_N_FOLDS} folds, none of more than half of the images; "
            f"got {len(names)} labels, the most frequent on {sizes.max()} of {n_images}"
        )
    return fold[of]
