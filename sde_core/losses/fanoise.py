"""FANoise-style training: a contrastive loss on features with noise along their own spectrum."""

from typing import Any

import torch
from torch import Tensor, nn

from sde_core.checks.brief import brief
from sde_core.errors import ConfigError
from sde_core.losses.base_loss import default_base_loss, fit_to_ranks
from sde_core.losses.decomposition import decompose
from sde_core.losses.distributed import Shares, gather_rows, shares_of
from sde_core.losses.enhanced_view import with_lengths_of
from sde_core.losses.progress import TrainingClock, is_training_call
from sde_core.losses.uncompiled import uncompiled
from sde_core.spectra.spectrum import Spectrum


def spectral_noise(normal: Tensor, spectrum: Spectrum, *, rho: float) -> Tensor:
    """Return (rho / sqrt(n)) N diag(sqrt(s) / mean sqrt(s)) V^T, strongest along strong directions.

    Args:
        normal: N (m, r), standard normal draws.
        spectrum: r directions of width n.
        rho: strength; a row has expected length near rho when all values are equal.

    Source: noise in the style of FANoise. docs/method.md, equation (4.11).
    """
    if spectrum.rank == 0:
        return normal.new_zeros(len(normal), spectrum.n_features)
    root = spectrum.singular_values.sqrt()
    scale = rho / spectrum.n_features**0.5 * root / root.mean()
    noise: Tensor = (normal * scale.to(normal)) @ spectrum.basis.T.to(normal)
    return noise


class FANoiseLoss(nn.Module):
    """A contrastive loss on features with spectral noise, in open_clip's signature.

    Rows keep their original length. Noise is drawn for the whole batch from the step's
    seed, so that calls of one step draw the same and ranks draw their own rows. In eval mode, and where no
    gradient is asked for, none is added and nothing is counted.
    """

    sees_all_ranks = True

    def __init__(
        self,
        *,
        rho: float = 0.1,
        base_loss: nn.Module | None = None,
        calls_per_step: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0.0 <= rho < float("inf"):
            raise ConfigError(f"rho must be finite and at least 0; got {rho}")
        self.rho = rho
        self.seed = seed
        self.base_loss = default_base_loss() if base_loss is None else base_loss
        self._clock = TrainingClock(calls_per_step=calls_per_step)

    def __repr__(self) -> str:
        """Return one line: strength and base loss."""
        return brief(self, rho=self.rho, base_loss=self.base_loss)

    def forward(
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor,
        logit_bias: Tensor | None = None,
        output_dict: bool = False,
    ) -> Tensor | dict[str, Tensor]:
        """Return the loss, or ``contrastive_loss`` by name."""
        image, text = image_features, text_features
        shares = shares_of(image, text)
        fit_to_ranks(self.base_loss, shares)
        if is_training_call(self, image, text):
            image, text = self._both_with_noise(image, text, shares)
        loss: Tensor = self.base_loss(image, text, logit_scale, logit_bias=logit_bias)
        return {"contrastive_loss": loss} if output_dict else loss

    def get_extra_state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold for the noise to go on."""
        return {"clock": self._clock.state()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint holds."""
        self._clock.restore(state["clock"])

    @uncompiled
    def _both_with_noise(self, image: Tensor, text: Tensor, shares: Shares) -> tuple[Tensor, Tensor]:
        generator = self._clock.generator(self.seed)
        with torch.autocast(device_type=image.device.type, enabled=False):
            first, second = (self._with_noise(x, generator, shares) for x in (image, text))
        self._clock.count()
        return first, second

    def _with_noise(self, features: Tensor, generator: torch.Generator, shares: Shares) -> Tensor:
        work = features.to(torch.promote_types(features.dtype, torch.float32))
        every = gather_rows(work.detach(), shares)
        if not bool(torch.isfinite(every).all()):
            return features
        spectrum = decompose(every)
        normal = torch.randn(len(every), spectrum.rank, generator=generator).to(work)
        noise = spectral_noise(normal[shares.mine], spectrum, rho=self.rho)
        return with_lengths_of(work, work + noise).to(features.dtype)
