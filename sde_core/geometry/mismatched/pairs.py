"""Pairs in the order in which they should be looked at, with how many of the first are wrong, estimated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError
from sde_core.geometry.mismatched.scores import Groups, PairMeasure, PairScorer, Progress
from sde_core.retrieval.links import Ints
from sde_core.retrieval.twins import twin_classes

Bools = npt.NDArray[np.bool_]

_SHUFFLED = 20_000
_MOST_DRAWS = 50
_LEVEL = 0.25
"""Share of the shuffled pairs below the score where pairs are counted: right ones seldom score so low."""
_Z = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MismatchedPairs:
    """Every pair with its score, and an estimate of how many are wrong.

    Attributes:
        links: (l, 2) of (text row, image row).
        scores: (l,) low where the two do not belong together.
        order: (l,) links from the lowest score up; ties by their place.
        share: of all pairs that are wrong, at most about; a pair counts as wrong where its caption is one that
            belongs to something else.
        share_low: lower end of the 95 % interval of the counts behind it.
        share_high: its upper end.
        precision: (l,) estimated share of wrong ones among the first 1, 2, ... of ``order``.
        has_twin: (l,) whether another image of the set has the same vector: one image twice, with two captions.
    """

    links: Ints
    scores: Float[Tensor, " l"]
    order: Ints
    share: float
    share_low: float
    share_high: float
    precision: Float[Tensor, " l"]
    has_twin: Bools

    __repr__ = brief

    @property
    def n_wrong(self) -> int:
        """How many pairs are wrong, estimated: so many of the first are worth a look."""
        return round(self.share * len(self.links))

    def kept(self, n_dropped: int) -> Ints:
        """Return the (l - n_dropped, 2) links without the first of ``order``, in their own order.

        Raises:
            ConfigError: more than there are, or below 0.
        """
        if not 0 <= n_dropped <= len(self.links):
            raise ConfigError(f"n_dropped must lie in [0, {len(self.links)}]; got {n_dropped}")
        return self.links[np.sort(self.order[n_dropped:])]


def mismatched_pairs(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike | None = None,
    *,
    measure: PairMeasure = "margin",
    groups: Groups = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MismatchedPairs:
    """Return the pairs from the worst match up, and an estimate, from shuffled pairs, of how many are wrong.

    Images are put beside captions of other images: that is how wrong pairs score. The share of wrong pairs can be
    no larger than the share of all pairs below a score over that of the shuffled ones below it: the estimate is that
    bound where a quarter of the shuffled ones are below. It is right as far as wrong captions are captions of other
    images, drawn blindly: a caption that is half right scores higher, and is not counted.

    Args:
        image: (n_images, d) rows, none of zeros.
        text: (n_texts, d) rows, none of zeros.
        text_to_image: (n_texts,) or (l, 2) as in `retrieval_metrics`; None pairs by row.
        measure: as in `pair_scores`.
        groups: as in `pair_scores`.
        seed: of shuffles, sample and folds.
        progress: called with the share that is done; what it raises ends the work.

    Raises:
        DataError: as in `pair_scores`.
        ConfigError: unknown measure.

    Source: docs/method.md, equations (6.49) and (6.50).
    """
    tell: Progress = progress or (lambda share: None)
    scorer = PairScorer(
        image, text, text_to_image, measure=measure, groups=groups, seed=seed,
        progress=lambda share: tell(0.8 * share),
    )  # fmt: skip
    scores = scorer(scorer.links)
    tell(0.9)
    shuffled = scorer(_shuffled(scorer, np.random.default_rng(seed))).sort().values
    share, low, high = _wrong_share(scores, shuffled)
    order = np.argsort(scores.numpy(), kind="stable")
    ranked = scores[torch.from_numpy(order)]
    below = torch.searchsorted(shuffled, ranked, right=True).double() / len(shuffled)
    place = torch.arange(1, len(ranked) + 1, dtype=torch.float64)
    classes = twin_classes(scorer.image).cpu().numpy()
    return MismatchedPairs(
        links=scorer.links,
        scores=scores,
        order=order,
        share=share,
        share_low=low,
        share_high=high,
        precision=(share * below * len(ranked) / place).clamp_max(1),
        has_twin=(np.bincount(classes)[classes] > 1)[scorer.links[:, 1]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedRecovery:
    """How well swapped captions are found.

    Attributes:
        auc: chance that an exchanged pair scores below one that was left.
        precision: share of exchanged pairs among as many of the lowest as were exchanged.
    """

    auc: float
    precision: float


def planted_recovery(
    image: MatrixLike,
    text: MatrixLike,
    text_to_image: MatrixLike | None = None,
    *,
    measure: PairMeasure = "margin",
    groups: Groups = None,
    share: float = 0.1,
    seed: int = 0,
) -> PlantedRecovery:
    """Return how well a measure finds captions that were swapped between pairs of the set.

    Pairs that were wrong before count as right ones: on a set with many of them the numbers are a little too low.

    Args:
        image: (n_images, d) rows, none of zeros.
        text: (n_texts, d) rows, none of zeros.
        text_to_image: (n_texts,) or (l, 2) as in `retrieval_metrics`; None pairs by row.
        measure: as in `pair_scores`.
        groups: as in `pair_scores`.
        share: of pairs whose captions are exchanged, above 0 and at most 0.5.
        seed: of the exchange, sample and folds.

    Raises:
        DataError: as in `pair_scores`.
        ConfigError: ``share`` is out of range, or an unknown measure.
    """
    if not 0 < share <= 0.5:
        raise ConfigError(f"share must be above 0 and at most 0.5; got {share}")
    plain = PairScorer(image, text, text_to_image, measure="cosine")
    links, exchanged = _exchanged(plain.links, share, np.random.default_rng(seed))
    scorer = PairScorer(plain.image, plain.text, links, measure=measure, groups=groups, seed=seed)
    code, size = exchanged[:, 0] * len(plain.image) + exchanged[:, 1], len(plain.image)
    wrong = np.isin(scorer.links[:, 0] * size + scorer.links[:, 1], code)
    scores = scorer(scorer.links).numpy()
    order = np.argsort(scores, kind="stable")
    found = float(wrong[order[: wrong.sum()]].mean())
    left, planted = np.sort(scores[~wrong]), scores[wrong]
    above = len(left) - (np.searchsorted(left, planted, "left") + np.searchsorted(left, planted, "right")) / 2
    return PlantedRecovery(auc=float(above.mean() / len(left)), precision=found)


def _exchanged(links: Ints, share: float, numbers: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the links after some captions went round, and those that are new by it."""
    chosen = numbers.permutation(len(links))[: max(2, round(share * len(links)))]
    moved = links.copy()
    moved[chosen, 0] = links[np.roll(chosen, 1), 0]
    size = links[:, 1].max() + 1
    new = ~np.isin(moved[chosen, 0] * size + moved[chosen, 1], links[:, 0] * size + links[:, 1])
    return moved, moved[chosen[new]]


def _shuffled(scorer: PairScorer, numbers: np.random.Generator) -> Ints:
    """Return links of images to captions of others, within the folds; none that is a link of the set."""
    links, size = scorer.links, len(scorer.image)
    fold = scorer.fold[links[:, 1]]
    known = links[:, 0] * size + links[:, 1]
    drawn = []
    for _ in range(min(_MOST_DRAWS, -(-_SHUFFLED // len(links)))):
        moved = links.copy()
        for k in np.unique(fold):
            rows = np.flatnonzero(fold == k)
            moved[rows, 0] = links[numbers.permutation(rows), 0]
        drawn.append(moved[~np.isin(moved[:, 0] * size + moved[:, 1], known)])
    return np.concatenate(drawn)


def _wrong_share(scores: Tensor, shuffled: Tensor) -> tuple[float, float, float]:
    """Return the share of wrong pairs, at most about, with Wilson's interval of the count behind it.

    Args:
        scores: (l,) of the pairs.
        shuffled: (k,) ascending.
    """
    n, edge = len(scores), shuffled[int(_LEVEL * len(shuffled))]
    share = float((scores <= edge).sum()) / n
    level = float((shuffled <= edge).sum()) / len(shuffled)  # more than it should be where scores tie
    middle, whole = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    half = _Z * (share * (1 - share) / n + _Z**2 / (4 * n**2)) ** 0.5
    ends = (share, max(0.0, middle - half) / whole, (middle + half) / whole)
    estimate, low, high = (min(1.0, end / level) for end in ends)
    return estimate, low, high
