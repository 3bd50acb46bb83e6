"""Every baseline by name, fitted in one call and ranked by one code path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError
from sde_core.retrieval.ranking import RetrievalRanks, Score, cosine_score, retrieval_ranks
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.treatments.maps import fit_all_but_the_top, fit_mean_shift, fit_pca_truncation, fit_whitening
from sde_core.treatments.scores import fit_csls, fit_dynamic_inverted_softmax, fit_inverted_softmax, fit_nnn

Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A way to treat embeddings before or while they are compared; a fitted transform fits in too.

    Attributes:
        name: for tables.
        image_map: (m, n) image embeddings -> what is compared; None leaves them.
        text_map: the same for texts.
        score: how what comes out is compared.
    """

    name: str
    image_map: Map | None = None
    text_map: Map | None = None
    score: Score = cosine_score

    def ranks(self, image: MatrixLike, text: MatrixLike, text_to_image: MatrixLike) -> RetrievalRanks:
        """Return the ranks of `retrieval_ranks` under this treatment.

        Args:
            image: (n_images, n) image embeddings that nothing was fitted on.
            text: (n_texts, n) text embeddings that nothing was fitted on.
            text_to_image: (n_texts,) or (n_links, 2) as in `retrieval_metrics`.
        """
        images, texts = as_matrix(image, "image"), as_matrix(text, "text")
        return retrieval_ranks(
            images if self.image_map is None else self.image_map(images),
            texts if self.text_map is None else self.text_map(texts),
            text_to_image,
            score=self.score,
        )


def baseline_names() -> tuple[str, ...]:
    """Return the names that `fit_baseline` knows, in the order of a table."""
    return ("raw", *_MAPS, *_SCORES)


def fit_baseline(name: str, image: MatrixLike, text: MatrixLike) -> Baseline:
    """Return a baseline with its default settings, fitted on reference embeddings of both modalities.

    Neighbour counts are lowered to the number of reference rows; "pca-truncation" keeps the directions
    that rule "mp-iqr" calls strong or weak, at least 1.

    Args:
        name: one of `baseline_names`.
        image: (a, n) reference images; scaled to unit length by the scores, taken as they are by the maps.
        text: (b, n) reference texts; they need not be paired with ``image``.

    Raises:
        ConfigError: unknown name (the names are listed).
        DataError: not finite, a row of zeros, or other widths.

    Source: docs/method.md, section 7.

    >>> import torch
    >>> image, text = torch.randn(30, 4), torch.randn(30, 4)
    >>> ranks = fit_baseline("mean-shift", image, text).ranks(image, text, range(30))
    """
    if name == "raw":
        return Baseline(name=name)
    if name in _MAPS:
        return Baseline(name=name, image_map=_MAPS[name](image), text_map=_MAPS[name](text))
    if name in _SCORES:
        return Baseline(name=name, score=_SCORES[name](image, text))
    raise ConfigError(f"name must be one of {', '.join(baseline_names())}; got {name!r}")


def _pruned(reference: MatrixLike) -> Map:
    from sde_core.partition import partition_spectrum  # the maps do without the rules

    spectrum = compute_spectrum(reference)
    noise = partition_spectrum(spectrum).n_noise
    return fit_pca_truncation(spectrum, n_directions=max(1, spectrum.rank - noise))


def _fewer(k: int, image: MatrixLike, text: MatrixLike) -> int:
    return min(k, len(as_matrix(image, "image")), len(as_matrix(text, "text")))


_MAPS: dict[str, Callable[[MatrixLike], Map]] = {
    "mean-shift": fit_mean_shift,
    "all-but-the-top": fit_all_but_the_top,
    "whitening": fit_whitening,
    "pca-truncation": _pruned,
}
_SCORES: dict[str, Callable[[MatrixLike, MatrixLike], Score]] = {
    "csls": lambda image, text: fit_csls(image, text, k=_fewer(10, image, text)),
    "inverted-softmax": fit_inverted_softmax,
    "dynamic-inverted-softmax": fit_dynamic_inverted_softmax,
    "nnn": lambda image, text: fit_nnn(image, text, k=_fewer(16, image, text)),
}
