"""Every baseline by name, fitted in one call and ranked by one code path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError
from sde_core.glossary.term import Term
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
    return ("raw", *_WAYS)


def baseline_term(name: str) -> Term:
    """Return what a baseline does, in one sentence with its equation and source.

    Args:
        name: of `baseline_names`.

    Raises:
        ConfigError: unknown name (the names are listed).
    """
    return _RAW if name == "raw" else _way(name).term


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
    return Baseline(name=name, **_way(name).fit(image, text))


def _way(name: str) -> _Way:
    if name not in _WAYS:
        raise ConfigError(f"name must be one of {', '.join(baseline_names())}; got {name!r}")
    return _WAYS[name]


def _pruned(reference: MatrixLike) -> Map:
    from sde_core.partition import partition_spectrum  # the maps do without the rules

    spectrum = compute_spectrum(reference)
    noise = partition_spectrum(spectrum).n_noise
    return fit_pca_truncation(spectrum, n_directions=max(1, spectrum.rank - noise))


def _fewer(k: int, image: MatrixLike, text: MatrixLike) -> int:
    return min(k, len(as_matrix(image, "image")), len(as_matrix(text, "text")))


@dataclass(frozen=True, slots=True)
class _Way:
    """How a baseline is fitted, and what is said of it."""

    fit: Callable[[MatrixLike, MatrixLike], dict[str, Any]]
    term: Term


def _map(fit: Callable[[MatrixLike], Map], key: str, sentence: str, equation: str, source: str = "") -> _Way:
    """Return a way that maps each modality by itself, and compares what comes out by cosine."""

    def both(image: MatrixLike, text: MatrixLike) -> dict[str, Any]:
        return {"image_map": fit(image), "text_map": fit(text)}

    return _Way(both, _term(key, sentence, equation, source))


def _score(
    fit: Callable[[MatrixLike, MatrixLike], Score], key: str, sentence: str, equation: str, source: str
) -> _Way:
    """Return a way that leaves the vectors and corrects their scores."""
    return _Way(lambda image, text: {"score": fit(image, text)}, _term(key, sentence, equation, source))


def _term(key: str, sentence: str, equation: str, source: str) -> Term:
    return Term(key=key, name=key, sentence=sentence, equation=equation, source=source)


_RAW = Term(key="raw", name="raw", sentence="The vectors as the encoder made them.")
_WAYS = {
    way.term.key: way
    for way in (
        _map(
            fit_mean_shift, "mean-shift", "Each modality's mean is taken away, which closes the gap.", "7.2"
        ),
        _map(
            fit_all_but_the_top,
            "all-but-the-top",
            "Mean and first directions are taken away.",
            "7.3",
            "Mu & Viswanath 2018",
        ),
        _map(fit_whitening, "whitening", "All directions get equal energy, with shrinkage.", "7.5"),
        _map(
            _pruned,
            "pca-truncation",
            "Noise directions by rule mp-iqr become 0, whatever the page's thresholds.",
            "7.4",
        ),
        _score(
            lambda image, text: fit_csls(image, text, k=_fewer(10, image, text)),
            "csls",
            "Items near to many queries score less.",
            "7.6",
            "Conneau et al. 2018",
        ),
        _score(
            fit_inverted_softmax,
            "inverted-softmax",
            "Scores are normalised over reference queries.",
            "7.7",
            "Smith et al. 2017",
        ),
        _score(
            fit_dynamic_inverted_softmax,
            "dynamic-inverted-softmax",
            "The same, only where the best item is a hub: QB-Norm.",
            "7.8",
            "Bogolin et al. 2022",
        ),
        _score(
            lambda image, text: fit_nnn(image, text, k=_fewer(16, image, text)),
            "nnn",
            "Items near to many queries score less: NNN.",
            "7.9",
            "Chowdhury et al. 2024",
        ),
    )
}
