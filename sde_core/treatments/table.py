"""Every treatment by name, fitted in one call and ranked by one code path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import ConfigError
from sde_core.glossary.term import Term
from sde_core.retrieval.ranking import Score
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.treatments.gains import DEFAULT_TREATMENT, Paired, TreatmentConfig, fit_treatment, treatment_of
from sde_core.treatments.maps import fit_all_but_the_top, fit_mean_shift, fit_pca_truncation, fit_whitening
from sde_core.treatments.scores import fit_csls, fit_dynamic_inverted_softmax, fit_inverted_softmax, fit_nnn
from sde_core.treatments.treatment import RAW, ROW_NAMES, Map, Treatment


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


def fit_baseline(name: str, image: MatrixLike, text: MatrixLike) -> Treatment:
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
    if name == RAW.name:
        return RAW
    return Treatment(name=name, **_way(name).fit(image, text))


def fit_all(
    image: MatrixLike,
    text: MatrixLike,
    *,
    paired: Paired | None = None,
    config: TreatmentConfig = DEFAULT_TREATMENT,
    names: Sequence[str] | None = None,
) -> list[Treatment]:
    """Return the rows of a comparison, fitted on one reference: raw first, both treatments, every baseline.

    Args:
        image: (a, n) reference images.
        text: (b, n) reference texts.
        paired: reference pairs, for rule "cross-modal".
        config: of the two treatments; its ``kind`` does not matter.
        names: which, of `comparison_names`; None takes all. "raw" always comes first.

    Raises:
        ConfigError: unknown name (the names are listed).
    """
    known = comparison_names()
    wanted = known if names is None else tuple(names)
    for name in wanted:
        if name not in known:
            raise ConfigError(f"names must be among {', '.join(known)}; got {name!r}")
    return [_fit(name, image, text, paired, config) for name in known if name in ("raw", *wanted)]


def comparison_names() -> tuple[str, ...]:
    """Return the names that `fit_all` knows, in the order of a table."""
    raw, *others = baseline_names()
    return (raw, *ROW_NAMES.values(), *others)


def _fit(
    name: str, image: MatrixLike, text: MatrixLike, paired: Paired | None, config: TreatmentConfig
) -> Treatment:
    kinds = {row: kind for kind, row in ROW_NAMES.items()}
    if name not in kinds:
        return fit_baseline(name, image, text)
    mine = replace(config, kind="prune" if kinds[name] == "prune" else "enhance")
    return treatment_of(fit_treatment(image, mine, paired=paired), fit_treatment(text, mine, paired=paired))


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
