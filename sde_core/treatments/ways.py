"""Every baseline: how it is fitted, the settings that are tried, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sde_core.checks.matrices import MatrixLike
from sde_core.glossary.term import Term
from sde_core.retrieval.ranking import Score
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.treatments.banks import Banks
from sde_core.treatments.maps import (
    fit_all_but_the_top,
    fit_mean_shift,
    fit_pca_truncation,
    fit_whitening,
    joint_pca,
)
from sde_core.treatments.reference import Reference
from sde_core.treatments.scores import csls, dynamic_inverted_softmax, inverted_softmax, nnn
from sde_core.treatments.sweep import Setting
from sde_core.treatments.treatment import Map

One: TypeAlias = MatrixLike | Spectrum
"""Reference rows of one modality, or their centred spectrum."""
Settings: TypeAlias = Callable[[int, int], Sequence[Setting]]
"""Width and number of reference rows -> what is tried, from what changes least to what changes most."""


def _by_pca(reference: One, n_directions: float = 0) -> Map:
    """Return the truncation to so many directions; 0 takes what rule mp-iqr does not call noise."""
    from sde_core.partition import partition_spectrum  # the maps do without the rules

    spectrum = reference if isinstance(reference, Spectrum) else compute_spectrum(reference)
    count = int(n_directions) or spectrum.rank - partition_spectrum(spectrum).n_noise
    return fit_pca_truncation(spectrum, n_directions=max(1, count))


def _by_joint_pca(reference: Reference, setting: Setting) -> dict[str, Any]:
    """Return the truncation of both modalities to the same directions; by default rule mp-iqr's."""
    from sde_core.partition import partition_spectrum

    spectrum, means = reference.joint
    count = int(setting.get("n_directions", 0)) or spectrum.rank - partition_spectrum(spectrum).n_noise
    maps = joint_pca(spectrum, means, n_directions=max(1, count))
    return dict(zip(("image_map", "text_map"), maps, strict=True))


def _without_the_top(reference: One, n_directions: float | None = None) -> Map:
    return fit_all_but_the_top(reference, n_directions=None if n_directions is None else int(n_directions))


def _fewer(k: float, banks: Banks) -> int:
    return min(int(k), len(banks.image), len(banks.text))


@dataclass(frozen=True, slots=True)
class Way:
    """How a baseline is fitted with a setting, which settings are tried, and what is said of it."""

    fit: Callable[[Reference, Setting], dict[str, Any]]
    term: Term
    settings: Settings | None = None


def map_way(
    fit: Callable[..., Map],
    key: str,
    sentence: str,
    equation: str,
    source: str = "",
    settings: Settings | None = None,
) -> Way:
    """Return a way that maps each modality by itself, and compares what comes out by cosine.

    Args:
        fit: (m, n) reference rows of one modality -> map; with ``settings`` it gets their centred spectrum instead.
        key: of the baseline.
        sentence: what it does.
        equation: of docs/method.md.
        source: who published it.
        settings: what is tried; None where there is nothing to choose.
    """

    def both(reference: Reference, setting: Setting) -> dict[str, Any]:
        image, text = (reference.image, reference.text) if settings is None else reference.spectra
        return {"image_map": fit(image, **setting), "text_map": fit(text, **setting)}

    return Way(both, _term(key, sentence, equation, source), settings)


def score_way(
    fit: Callable[..., Score], key: str, sentence: str, equation: str, source: str, settings: Settings
) -> Way:
    """Return a way that leaves the vectors and corrects their scores; ``fit`` gets the `Banks` of the reference."""
    return Way(
        lambda reference, setting: {"score": fit(reference.banks, **setting)},
        _term(key, sentence, equation, source),
        settings,
    )


def _term(key: str, sentence: str, equation: str, source: str) -> Term:
    return Term(key=key, name=key, sentence=sentence, equation=equation, source=source)


def _widths(width: int, rows: int) -> list[Setting]:
    """Return shares of the directions that the rows have, all of them first."""
    most = max(1, min(width, rows - 1))
    counts = [max(1, round(most * eighths / 8)) for eighths in range(8, 0, -1)]
    return [{"n_directions": count} for count in dict.fromkeys(counts)]


def _tops(width: int, rows: int) -> list[Setting]:
    return [{"n_directions": count} for count in (0, 1, 2, 3, 5, 8) if count < width]


def _numbers(name: str, *values: float) -> Settings:
    return lambda width, rows: [{name: value} for value in values]


def _neighbours(*counts: int) -> Settings:
    return lambda width, rows: [{"k": k} for k in dict.fromkeys(min(k, rows) for k in counts)]


_BETAS = (5.0, 10.0, 20.0, 40.0, 80.0)
RAW_TERM = Term(key="raw", name="raw", sentence="The vectors as the encoder made them.")
WAYS = {
    way.term.key: way
    for way in (
        map_way(
            fit_mean_shift, "mean-shift", "Each modality's mean is taken away, which closes the gap.", "7.2"
        ),
        map_way(
            _without_the_top,
            "all-but-the-top",
            "Mean and first directions are taken away.",
            "7.3",
            "Mu & Viswanath 2018",
            settings=_tops,
        ),
        map_way(
            fit_whitening,
            "whitening",
            "All directions get equal energy, with shrinkage.",
            "7.5",
            settings=_numbers("shrinkage", 1.0, 0.3, 0.1, 0.03, 0.01),
        ),
        map_way(
            _by_pca,
            "pca-truncation",
            "The directions of largest variance stay, whatever the page's thresholds.",
            "7.4",
            settings=_widths,
        ),
        Way(
            _by_joint_pca,
            _term(
                "joint-pca",
                "The directions of largest variance of images and texts together stay, the same for both.",
                "7.10",
                "",
            ),
            _widths,
        ),
        score_way(
            lambda banks, k=10: csls(banks, k=_fewer(k, banks)),
            "csls",
            "Items near to many queries score less.",
            "7.6",
            "Conneau et al. 2018",
            _neighbours(50, 20, 10, 5),
        ),
        score_way(
            inverted_softmax,
            "inverted-softmax",
            "Scores are normalised over reference queries.",
            "7.7",
            "Smith et al. 2017",
            _numbers("beta", *_BETAS),
        ),
        score_way(
            dynamic_inverted_softmax,
            "dynamic-inverted-softmax",
            "The same, only where the best item is a hub: QB-Norm.",
            "7.8",
            "Bogolin et al. 2022",
            _numbers("beta", *_BETAS),
        ),
        score_way(
            lambda banks, alpha=0.75: nnn(banks, alpha=alpha, k=_fewer(16, banks)),
            "nnn",
            "Items near to many queries score less: NNN.",
            "7.9",
            "Chowdhury et al. 2024",
            _numbers("alpha", 0.25, 0.5, 0.75, 1.0),
        ),
    )
}
