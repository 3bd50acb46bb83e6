"""One gain per direction: strong ones varied at random or amplified, weak ones attenuated, noise suppressed."""

import torch
from torch import Tensor

from sde_core.errors import ConfigError, DataError
from sde_core.partition import NOISE, STRONG, WEAK, Partition
from sde_core.shaping.curriculum import DEFAULT_CURRICULUM, CurriculumConfig, alpha
from sde_core.spectra.spectrum import Spectrum


def enhancement_gains(
    spectrum: Spectrum,
    partition: Partition,
    progress: float = 0.0,
    config: CurriculumConfig = DEFAULT_CURRICULUM,
    *,
    generator: torch.Generator | None = None,
    ascent: Tensor | None = None,
) -> Tensor:
    """Return the gain g_i = s'_i / s_i of each direction; none leaves 1 by more than rho alpha(t).

    With a = rho alpha(t), st_i = s_i / s_1 and q the share of energy outside the noise band:
    strong 1 + a st_i x_i, weak 1 - a (1 - st_i), noise 1 - a q. The mode of the strong band chooses x_i:
    1 ("amplify"), a normal draw clipped to [-1, 1] ("noise"), the sign of the loss's gradient
    ("adversarial"), or 0 ("off").

    Args:
        spectrum: r directions with their singular values.
        partition: the labels of the same r directions.
        progress: t, share of training done, in [0, 1].
        config: the curriculum.
        generator: draws the strong band's noise; needed by that mode, ignored by the others.
        ascent: (r,) gradient of the loss with respect to the gains; needed by "adversarial".

    Returns:
        (r,) float64 gains on the spectrum's device, each in (0, 2).

    Raises:
        ConfigError: ``progress`` outside [0, 1]; ``generator`` or ``ascent`` missing for its mode.
        DataError: spectrum and partition (or ``ascent``) have another number of directions.

    Source: [P] the policies; [R] docs/method.md, equations (3.4) to (3.7).

    >>> from sde_core import compute_spectrum, partition_spectrum
    >>> from sde_core.partition.manual import ManualRankRule
    >>> x = torch.diag(torch.tensor([4.0, 2.0, 1.0, 1.0]))
    >>> spectrum = compute_spectrum(x, center=None)
    >>> partition = partition_spectrum(spectrum, ManualRankRule(n_strong=1, n_weak=1))
    >>> [round(float(g), 4) for g in enhancement_gains(spectrum, partition)]
    [1.5, 0.75, 0.5455, 0.5455]
    """
    labels = _labels(spectrum, partition)
    amount = config.rho * alpha(progress, config)
    gains = torch.ones_like(spectrum.singular_values)
    if spectrum.rank == 0:
        return gains
    relative = spectrum.singular_values / spectrum.singular_values[0]
    push = _strong_push(relative, config, generator, ascent)
    gains = torch.where(labels == STRONG, 1 + amount * relative * push, gains)
    if config.weak == "attenuate":
        gains = torch.where(labels == WEAK, 1 - amount * (1 - relative), gains)
    if config.noise == "suppress":
        share = signal_share(spectrum, partition)
        gains = torch.where(labels == NOISE, 1 - amount * share, gains)
    return gains


def signal_to_noise(spectrum: Spectrum, partition: Partition) -> float:
    """Return SNR, the energy of the strong and weak bands over that of the noise band.

    Infinite where there is signal and no noise; 0 where there is nothing at all.

    Source: docs/method.md, equation (3.6).
    """
    signal, noise = _band_energies(spectrum, partition)
    if noise == 0:
        return float("inf") if signal > 0 else 0.0
    return signal / noise


def signal_share(spectrum: Spectrum, partition: Partition) -> float:
    """Return SNR / (1 + SNR), the share in [0, 1] of energy outside the noise band; 0 for a zero matrix.

    Source: docs/method.md, equation (3.6).
    """
    signal, noise = _band_energies(spectrum, partition)
    return signal / (signal + noise) if signal > 0 else 0.0


def _band_energies(spectrum: Spectrum, partition: Partition) -> tuple[float, float]:
    is_noise = _labels(spectrum, partition) == NOISE
    energies = spectrum.energies
    return float(energies[~is_noise].sum()), float(energies[is_noise].sum())


def _strong_push(
    relative: Tensor, config: CurriculumConfig, generator: torch.Generator | None, ascent: Tensor | None
) -> Tensor:
    """Return x_i in [-1, 1] for every direction; only those of the strong band are used."""
    match config.strong:
        case "amplify":
            return torch.ones_like(relative)
        case "noise":
            if generator is None:
                raise ConfigError(
                    'generator must be given for strong="noise"; got None: pass a torch.Generator'
                )
            # One draw per direction, whatever the partition: a moved threshold does not reshuffle them.
            draw = torch.randn(
                len(relative), generator=generator, device=generator.device, dtype=torch.float64
            )
            return draw.clamp(-1, 1).to(relative)
        case "adversarial":
            if ascent is None:
                raise ConfigError(
                    'ascent must be given for strong="adversarial"; got None: pass the gradient of the loss '
                    "with respect to the gains"
                )
            if ascent.shape != relative.shape:
                raise DataError(
                    f"ascent must have one entry per direction, {len(relative)}; got {tuple(ascent.shape)}"
                )
            return torch.sign(ascent.detach()).to(relative)
        case _:
            return torch.zeros_like(relative)


def _labels(spectrum: Spectrum, partition: Partition) -> Tensor:
    if partition.labels.shape != spectrum.singular_values.shape:
        raise DataError(
            f"partition must label the {spectrum.rank} directions of the spectrum; "
            f"got {len(partition.labels)} labels"
        )
    return partition.labels.to(spectrum.singular_values.device)
