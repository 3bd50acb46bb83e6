"""Every baseline: what fits it, the settings that are tried, and what is said of it."""

from __future__ import annotations

from typing import TypeAlias

from sde_core.checks.matrices import MatrixLike
from sde_core.glossary.term import Term
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.treatments.banks import Banks
from sde_core.treatments.both_maps import fit_realign, shared_noise
from sde_core.treatments.linked_maps import cca, isoclip, procrustes
from sde_core.treatments.maps import (
    fit_all_but_the_top,
    fit_mean_shift,
    fit_pca_truncation,
    fit_whitening,
    joint_pca,
)
from sde_core.treatments.reference import Reference
from sde_core.treatments.scores import csls, dynamic_inverted_softmax, inverted_softmax, nnn
from sde_core.treatments.sinkhorn import sinkhorn, sinkhorn_of_test
from sde_core.treatments.sweep import Setting
from sde_core.treatments.treatment import Map
from sde_core.treatments.way import Settings, Way, baseline_term, map_way, maps_way, score_way

One: TypeAlias = MatrixLike | Spectrum
"""Reference rows of one modality, or their centred spectrum."""


def _by_pca(reference: One, n_directions: float = 0) -> Map:
    """Return the truncation to so many directions; 0 takes what rule mp-iqr does not call noise."""
    from sde_core.partition import partition_spectrum  # the maps do without the rules

    spectrum = reference if isinstance(reference, Spectrum) else compute_spectrum(reference)
    count = int(n_directions) or spectrum.rank - partition_spectrum(spectrum).n_noise
    return fit_pca_truncation(spectrum, n_directions=max(1, count))


def _by_joint_pca(reference: Reference, n_directions: float = 0) -> tuple[Map, Map]:
    """Return the truncation of both modalities to the same directions; by default rule mp-iqr's."""
    from sde_core.partition import partition_spectrum

    spectrum, means = reference.joint
    count = int(n_directions) or spectrum.rank - partition_spectrum(spectrum).n_noise
    return joint_pca(spectrum, means, n_directions=max(1, count))


def _by_shared_noise(reference: Reference, n_noise: float | None = None) -> tuple[Map, Map]:
    """Return the pruning of what the noise of both shares; by default half of the directions count as noise."""
    spectra = reference.spectra
    return shared_noise(spectra, n_noise=spectra[0].n_features // 2 if n_noise is None else n_noise)


def _by_isoclip(reference: Reference, n_top: float = 0, n_bottom: float | None = None) -> tuple[Map, Map]:
    """Return the cut of both ends; by default of the weakest quarter."""
    pairs = reference.pairs
    return isoclip(pairs, n_top=n_top, n_bottom=len(pairs.cross) // 4 if n_bottom is None else n_bottom)


def _without_the_top(reference: One, n_directions: float | None = None) -> Map:
    return fit_all_but_the_top(reference, n_directions=None if n_directions is None else int(n_directions))


def _fewer(k: float, banks: Banks) -> int:
    return min(int(k), len(banks.image), len(banks.text))


def _widths(width: int, rows: int) -> list[Setting]:
    """Return shares of the directions that the rows have, all of them first."""
    most = max(1, min(width, rows - 1))
    counts = [max(1, round(most * eighths / 8)) for eighths in range(8, 0, -1)]
    return [{"n_directions": count} for count in dict.fromkeys(counts)]


def _tops(width: int, rows: int) -> list[Setting]:
    return [{"n_directions": count} for count in (0, 1, 2, 3, 5, 8) if count < width]


def _noises(width: int, rows: int) -> list[Setting]:
    return [{"n_noise": noise} for noise in dict.fromkeys(width * eighths // 8 for eighths in range(8))]


def _canonical(width: int, rows: int) -> list[Setting]:
    # (1, 0) is the end of the family, Procrustes: more shrinkage would make the largest variances negative.
    tried = (
        (1.0, 0.0), (0.9, 0.25), (0.6, 0.5), (0.6, 1.0), (0.3, 0.5), (0.3, 1.0), (0.1, 1.0), (0.03, 1.0),
    )  # fmt: skip
    return [{"shrinkage": shrinkage, "power": power} for shrinkage, power in tried]


# Shares of the width at the strong and at the weak end; the last is IsoCLIP's own of ViT-B/32, 150 and 50 of 512.
_ENDS = ((0, 0), (0, 1 / 8), (0, 1 / 4), (0, 1 / 2), (1 / 50, 0), (1 / 20, 1 / 5), (150 / 512, 50 / 512))


def _both_ends(width: int, rows: int) -> list[Setting]:
    return [{"n_top": int(top * width), "n_bottom": int(bottom * width)} for top, bottom in _ENDS]


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
            fit_mean_shift,
            "mean-shift",
            "Each modality's mean is taken away, which closes the gap.",
            "7.2",
            centres=True,
        ),
        map_way(
            _without_the_top,
            "all-but-the-top",
            "Mean and first directions are taken away.",
            "7.3",
            "Mu & Viswanath 2018",
            settings=_tops,
            centres=True,
        ),
        map_way(
            fit_whitening,
            "whitening",
            "All directions get equal energy, with shrinkage.",
            "7.5",
            settings=_numbers("shrinkage", 1.0, 0.3, 0.1, 0.03, 0.01),
            centres=True,
        ),
        map_way(
            _by_pca,
            "pca-truncation",
            "The directions of largest variance stay, whatever the page's thresholds.",
            "7.4",
            settings=_widths,
        ),
        maps_way(
            _by_joint_pca,
            "joint-pca",
            "The directions of largest variance of images and texts together stay, the same for both.",
            "7.10",
            settings=_widths,
        ),
        maps_way(
            _by_shared_noise,
            "shared-noise",
            "Directions that both modalities count as noise are dropped.",
            "7.15",
            "after arXiv 2605.14893, 2026, of which the abstract alone was read",
            _noises,
        ),
        maps_way(
            lambda reference: (None, fit_realign(reference.image, reference.text)),
            "realign",
            "Texts get the mean and the size of images.",
            "7.14",
            "ReAlign, arXiv 2602.07026, 2026",
        ),
        maps_way(
            lambda reference: procrustes(reference.pairs),
            "procrustes",
            "One rotation brings texts to their images, means aside.",
            "7.11",
            "Schönemann 1966",
            needs_pairs=True,
            centres=True,
        ),
        maps_way(
            lambda reference, shrinkage=0.3, power=0.5: cca(
                reference.pairs, shrinkage=shrinkage, power=power
            ),
            "cca",
            "Canonical variates, each times its correlation to a power.",
            "7.12",
            "Hotelling 1936; Gong et al. 2014",
            _canonical,
            needs_pairs=True,
            centres=True,
        ),
        maps_way(
            _by_isoclip,
            "isoclip",
            "First and last directions of the cross-covariance are dropped, in place of those of CLIP's heads.",
            "7.13",
            "after IsoCLIP, arXiv 2603.19862, 2026",
            _both_ends,
            needs_pairs=True,
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
        score_way(
            sinkhorn,
            "dbsn",
            "Scores are normalised over reference queries and over items, in turn.",
            "7.16",
            "after DBSN, arXiv 2508.02538, 2025",
            _numbers("beta", *_BETAS),
        ),
        Way(
            lambda reference, setting: {"score": sinkhorn_of_test(**setting)},
            baseline_term(
                "dbsn-transductive",
                "The same over the test's own queries. Transductive: it sees them all before it ranks one.",
                "7.16",
                "after DBSN, arXiv 2508.02538, 2025",
            ),
            _numbers("beta", *_BETAS),
            transductive=True,
        ),
    )
}
