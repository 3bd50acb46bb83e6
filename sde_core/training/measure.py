"""What is looked at between steps: retrieval on validation images, and both spectra."""

from collections.abc import Mapping

import numpy as np
import torch

from sde_core.partition import partition_spectrum
from sde_core.retrieval.links import Ints
from sde_core.retrieval.ranking import retrieval_metrics
from sde_core.sets.embeddings import Floats
from sde_core.spectra.metrics import effective_rank
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.training.events import ModalitySpectrum
from sde_core.training.inputs import Inputs
from sde_core.training.model import DualModel
from sde_core.vocabulary import BANDS, KS

_ROWS = 256


def encode_rows(model: DualModel, inputs: Inputs, rows: Ints, modality: str) -> Floats:
    """Return (k, d) float32 unit vectors of ``rows`` in evaluation mode, ``modality`` "image" or "text"."""
    encode, read = (
        (model.encode_image, inputs.images) if modality == "image" else (model.encode_text, inputs.texts)
    )
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            parts = [
                encode(read(rows[start : start + _ROWS])).float().cpu()
                for start in range(0, len(rows), _ROWS)
            ]
    finally:
        model.train(was_training)
    vectors: Floats = torch.cat(parts).numpy() if parts else np.empty((0, 0), np.float32)
    return vectors


def validation_metrics(image: Floats, text: Floats, links: Ints) -> dict[str, float]:
    """Return `retrieval_metrics` with R@1, R@5 and R@10."""
    return retrieval_metrics(image, text, links, ks=KS)


def score_of(metrics: Mapping[str, float]) -> float:
    """Return the mean of R@1, R@5 and R@10 over both directions, in [0, 1]."""
    names = [f"{side}_retrieval_recall@{k}" for side in ("image", "text") for k in KS]
    return sum(metrics[name] for name in names) / len(names)


def modality_spectrum(rows: Floats, rule: str, paired: tuple[Floats, Floats]) -> ModalitySpectrum:
    """Return the centred spectrum of ``rows`` (m, d) with its bands by ``rule``."""
    spectrum = compute_spectrum(rows, center="mean")
    partition = partition_spectrum(spectrum, rule, features=rows, paired=paired)
    labels = partition.labels.cpu()
    energies = spectrum.energies.cpu() / spectrum.energies.sum().cpu()
    masks = {name: labels == number for number, name in enumerate(BANDS)}
    return ModalitySpectrum(
        singular_values=spectrum.singular_values.cpu().double().numpy(),
        labels=labels.numpy(),
        tau_strong=partition.tau_strong,
        tau_noise=partition.tau_noise,
        direction_shares={name: float(mask.double().mean()) for name, mask in masks.items()},
        energy_shares={name: float(energies[mask].sum()) for name, mask in masks.items()},
        effective_rank=effective_rank(spectrum.singular_values),
        note=partition.note,
    )


def gap(image: Floats, text: Floats) -> float:
    """Return the distance of the two modalities' mean unit vectors."""
    means = [torch.from_numpy(x).double().mean(dim=0) for x in (image, text)]
    return float(torch.linalg.vector_norm(means[0] - means[1]))
