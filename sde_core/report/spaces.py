"""What a set's two spaces are like: spectra with bands, the bulk beside the law, metrics beside controls."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from sde_core.checks.matrices import MatrixLike
from sde_core.geometry.alignment import alignment_metrics
from sde_core.geometry.neighbourhoods import hubness, k_occurrence, two_nn_dimension
from sde_core.partition import Bands, partition_spectrum
from sde_core.partition import marchenko_pastur as mp
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.spectra.metrics import spectrum_metrics
from sde_core.spectra.null_spectra import shuffled_column_spectra
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.treatments.gains import TreatmentConfig
from sde_core.vocabulary import BANDS, DIRECTIONS, Band

N_BINS = 40
SHOWN_EDGES = 2.0
"""The bulk is drawn up to so many noise edges."""
_HUB_K = 10


def modality_facts(
    rows: MatrixLike,
    config: TreatmentConfig,
    *,
    paired: Callable[[], tuple[MatrixLike, MatrixLike]],
    few: MatrixLike,
) -> dict[str, Any]:
    """Return spectrum, bands, bulk and metrics of one modality.

    Args:
        rows: (m, n) vectors.
        config: rule, thresholds and centring.
        paired: returns (image, text) pairs for rule "cross-modal".
        few: (k, n) of the rows, whose columns are shuffled and whose neighbours are looked up; all where k = m.
    """
    spectrum = compute_spectrum(rows, center=config.center)
    own = partition_spectrum(spectrum, config.rule, features=rows, paired=paired, seed=config.seed)
    bands = Bands.of(spectrum, own).moved(noise=config.noise_factor, strong=config.strong_factor)
    shuffled = next(shuffled_column_spectra(few, n_shuffles=1, seed=config.seed))
    shuffled = shuffled * math.sqrt(spectrum.n_samples / len(few))  # type: ignore[arg-type]
    return {
        "n_samples": spectrum.n_samples,
        "n_features": spectrum.n_features,
        "singular_values": bands.values.tolist(),
        "labels": bands.labels.tolist(),
        "shuffled": shuffled.tolist(),
        "tau_strong": bands.tau_strong,
        "tau_noise": bands.tau_noise,
        "fit_distance": own.fit_distance,
        "fits_bulk": own.fits_bulk,
        "note": own.note if bands.is_moved else f"{own.note} {bands.moved_note}".strip(),
        "bands": {
            band: {"directions": bands.count(band), "energy_share": bands.energy_share(band)}
            for band in BANDS
        },
        "bulk": _bulk(bands),
        "metrics": bands.metrics | {"two_nn": two_nn_dimension(few, seed=config.seed)},
        "controls": _metrics_of_values(shuffled, spectrum),
    }


def pair_facts(embeddings: EmbeddingSet, seed: int) -> dict[str, Any]:
    """Return how the two modalities sit beside each other, each number with its control where it has one."""
    image, text = embeddings.paired()
    facts: dict[str, Any] = {"n_pairs": len(image)}
    if len(image) < 2:
        return facts
    facts |= alignment_metrics(image, text, seed=seed)
    for direction in DIRECTIONS:
        gallery = len(getattr(embeddings, direction.gallery))
        if gallery > _HUB_K:
            counts = k_occurrence(embeddings.image, embeddings.text, direction=direction, k=_HUB_K)
            facts[f"hubness_{direction}"] = hubness(counts)
    return facts


def _metrics_of_values(values: torch.Tensor, like: Spectrum) -> dict[str, float]:
    """Return the metrics of singular values that belong to no basis."""
    kept = values[values > 0]
    return spectrum_metrics(
        Spectrum(
            singular_values=kept,
            basis=torch.zeros(like.n_features, len(kept), dtype=torch.float64),
            mean=like.mean,
            n_samples=like.n_samples,
            n_features=like.n_features,
            route="svd",
        )
    )


def _bulk(bands: Bands) -> dict[str, Any] | None:
    """Return how many directions lie at each size, in noise edges, and what pure noise would give."""
    edge = bands.edge
    if not edge > 0:
        return None
    low, high = mp.edges(bands.aspect)
    size = bands.values / edge
    bins = np.linspace(0, SHOWN_EDGES, N_BINS + 1)
    width = float(bins[1] - bins[0])
    y = np.linspace(low, high, 160)
    # Per unit of y the law has density 1; a bin is `width` edges wide, which is width * high units of y.
    law = mp.density(y, bands.aspect) * width * high * bands.count(Band.NOISE)
    return {
        "bins": bins.tolist(),
        "counts": {band: np.histogram(size[bands.labels == band.code], bins)[0].tolist() for band in BANDS},
        "beyond": int((size > SHOWN_EDGES).sum()),
        "law": [(y / high).tolist(), law.tolist()],
    }
