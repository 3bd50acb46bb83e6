"""Gains over training and at one moment of it, and the slope of the loss that the adversarial mode climbs."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_explorer.shared_state import Schedule

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.partition import Bands
    from sde_explorer.shared_state import SharedState

Kind = Literal["enhanced", "pruned"]
Floats = npt.NDArray[np.float64]

N_MOMENTS = 41
N_BATCH = 512
"""Pairs on which the loss is asked for the adversarial mode."""
TEMPERATURE = 0.01
"""Of that loss: where CLIP's own temperature ends."""


@dataclass(frozen=True, kw_only=True)
class GainReport:
    """One modality's gains over training and at one moment of it.

    Attributes:
        modality: "image" or "text".
        values: (r,) singular values.
        labels: (r,) 0 strong, 1 weak, 2 noise.
        cuts_by_size: whether each band is one run of ranks.
        moments: (T,) training progress.
        alphas: (T,) curriculum factor.
        gains: (T, r) gains at the moments.
        t: the moment that is looked at.
        alpha: curriculum factor then.
        now: (r,) gains then.
        amount: rho alpha(t), the most that a gain leaves 1 by then; 1 when noise is pruned.
        signal_share: share of energy outside the noise band, SNR / (1 + SNR).
    """

    modality: str
    values: Floats
    labels: npt.NDArray[np.int64]
    cuts_by_size: bool
    moments: Floats
    alphas: Floats
    gains: Floats
    t: float
    alpha: float
    now: Floats
    amount: float
    signal_share: float

    def energy_share(self, band: int, *, enhanced: bool) -> float:
        """Return a band's share of the energy, before or after the gains of now."""
        energy = (self.values * (self.now if enhanced else 1.0)) ** 2
        return float(energy[self.labels == band].sum() / energy.sum()) if energy.any() else 0.0


def kind_of(state: "SharedState") -> Kind:
    """Return which gains to show: those of the curriculum also while no transform is in use."""
    return "pruned" if state.transform == "pruned" else "enhanced"


def curriculum_of(state: "SharedState") -> sde.CurriculumConfig:
    """Return the curriculum that the state holds."""
    return sde.CurriculumConfig(
        start=state.alpha_start,
        end=state.alpha_end,
        schedule=state.schedule,
        warmup=state.warmup,
        rho=state.rho,
        strong=state.strong_mode,
    )


def schedules_of(config: sde.CurriculumConfig) -> dict[str, Floats]:
    """Return (T,) alpha at the moments of a report, by schedule, the rest of the curriculum as it is."""
    moments = np.linspace(0, 1, N_MOMENTS)
    return {
        name: np.array([sde.alpha(float(m), replace(config, schedule=name)) for m in moments])
        for name in get_args(Schedule)
    }


def gain_report(
    spectrum: sde.Spectrum,
    bands: "Bands",
    t: float,
    config: sde.CurriculumConfig,
    *,
    kind: Kind = "enhanced",
    ascent: "Tensor | None" = None,
) -> GainReport:
    """Return the gains of one modality at `N_MOMENTS` moments of training and at ``t``."""
    moments = np.linspace(0, 1, N_MOMENTS)
    alphas = np.array([sde.alpha(float(m), config) for m in moments])

    def at(moment: float) -> Floats:
        found: Floats = (
            gains_at(spectrum, bands, moment, config, kind=kind, ascent=ascent).cpu().numpy().copy()
        )
        return found

    if kind == "enhanced" and config.strong == "noise":
        gains = np.stack([at(float(m)) for m in moments])
    else:
        # Without chance g - 1 is a constant of each direction times alpha: equations (3.4) to (3.6).
        largest = int(alphas.argmax())
        relative = alphas / alphas[largest] if alphas[largest] > 0 else alphas
        shape = np.ones_like(relative) if kind == "pruned" else relative
        gains = 1 + np.outer(shape, at(float(moments[largest])) - 1)
    return GainReport(
        modality=bands.modality,
        values=bands.values,
        labels=bands.labels,
        cuts_by_size=bands.cuts_by_size,
        moments=moments,
        alphas=alphas,
        gains=gains,
        t=t,
        alpha=sde.alpha(t, config),
        now=at(t),
        amount=1.0 if kind == "pruned" else config.rho * sde.alpha(t, config),
        signal_share=sum(bands.energy_share(band) for band in ("strong", "weak")),
    )


def gains_at(
    spectrum: sde.Spectrum,
    bands: "Bands",
    t: float,
    config: sde.CurriculumConfig,
    *,
    kind: Kind = "enhanced",
    ascent: "Tensor | None" = None,
) -> "Tensor":
    """Return the (r,) gains of one moment; noise is drawn anew for every moment, and alike for the same one."""
    import torch

    partition = bands.partition
    if kind == "pruned":
        noise = partition.labels.to(spectrum.singular_values.device) == sde.partition.NOISE
        return torch.where(noise, 0.0, 1.0).to(spectrum.singular_values)
    # As in training: a step draws the noise of both modalities from its own seed.
    seed = 2 * round(1000 * t) + (bands.modality == "text")
    generator = torch.Generator().manual_seed(seed)
    return sde.enhancement_gains(spectrum, partition, t, config, generator=generator, ascent=ascent)


def ascents(
    embeddings: sde.EmbeddingSet, spectra: tuple[sde.Spectrum, sde.Spectrum]
) -> "tuple[Tensor, Tensor]":
    """Return the slope of the contrastive loss along every gain, on a seeded batch of the set's own pairs.

    Raises:
        DataError: fewer than two pairs.
    """
    import torch

    from sde_core.losses import gain_ascent, info_nce

    image, text = embeddings.paired()
    if len(image) < 2:
        raise sde.DataError(
            "the adversarial mode must ask the loss on at least 2 pairs; "
            f"got {len(image)}: choose amplify or noise"
        )
    rows = np.sort(np.random.default_rng(0).permutation(len(image))[:N_BATCH])
    batch = tuple(torch.from_numpy(np.asarray(x[rows], np.float32)) for x in (image, text))
    first, second = spectra
    means = (first.mean, second.mean) if first.mean is not None and second.mean is not None else (None, None)
    return gain_ascent(
        (batch[0], batch[1]),
        (first.basis.cpu(), second.basis.cpu()),
        means,
        lambda a, b: info_nce(a, b, temperature=TEMPERATURE),
    )
