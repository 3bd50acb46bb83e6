"""An open_clip model of which parts are trained: the last block of each tower, or all of it, or low-rank changes."""

import copy
import warnings
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from sde_core.encoders import Encoder
from sde_core.errors import ConfigError, EncoderError
from sde_core.training.config import FinetuneConfig
from sde_core.training.lora import add_lora, merged
from sde_core.training.model import SIGLIP_BIAS, SIGLIP_SCALE, DualModel


class Towers(DualModel):
    """A copy of an encoder's model; what is frozen stays in evaluation mode.

    Args:
        encoder: where it starts; not changed.
        config: which parts are trained.

    Raises:
        EncoderError: a tower cannot be unlocked in part.
        ConfigError: the encoder computes in half precision.
    """

    def __init__(self, encoder: Encoder, config: FinetuneConfig) -> None:
        super().__init__()
        check_trainable(encoder)
        self.clip = copy.deepcopy(encoder.model)
        if config.loss.contrast == "siglip" and self.clip.logit_bias is None:
            self._start_siglip()
        for parameter in self.clip.parameters():
            parameter.requires_grad_(True)
        if config.train == "last-block":
            _lock(self.clip, config.unlocked_groups, encoder.name)
        self.has_lora = config.lora_rank > 0
        if self.has_lora:
            add_lora(self.clip, rank=config.lora_rank, seed=config.init_seed)
        self.log_scale.requires_grad_(True)
        self.train(True)

    @property
    def log_scale(self) -> nn.Parameter:
        """Log of 1 / temperature."""
        return self.clip.logit_scale  # type: ignore[return-value]

    @property
    def offset(self) -> nn.Parameter | None:
        """SigLIP's offset of the scores, or None."""
        return self.clip.logit_bias  # type: ignore[return-value]

    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors of preprocessed images."""
        return functional.normalize(self.clip.encode_image(images).float(), dim=-1)  # type: ignore[operator]

    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors of token ids."""
        return functional.normalize(self.clip.encode_text(texts).float(), dim=-1)  # type: ignore[operator]

    def train(self, mode: bool = True) -> Self:
        """Set training mode where something is trained; frozen statistics and dropout stay off."""
        super().train(mode)
        for module in self.clip.modules():
            needs = [p.requires_grad for p in module.parameters()]
            if mode and needs and not any(needs):
                module.train(False)
        return self

    def plain(self) -> nn.Module:
        """Return the trained model as open_clip knows it, low-rank changes added into the weights."""
        return merged(self.clip) if self.has_lora else self.clip

    def _start_siglip(self) -> None:
        """Give a model trained by InfoNCE the offset that SigLIP's loss needs, at the loss's own start."""
        scale = self.log_scale
        with torch.no_grad():
            scale.fill_(torch.tensor(SIGLIP_SCALE).log())
        self.clip.logit_bias = nn.Parameter(torch.full_like(scale, SIGLIP_BIAS))


def check_trainable(encoder: Encoder) -> None:
    """Refuse an encoder whose weights are rounded.

    Raises:
        ConfigError: it computes in half precision.
    """
    if encoder.precision != "fp32":
        raise ConfigError(
            f"encoder must be loaded in fp32 to be trained; got {encoder.precision}: for speed, set the "
            'training\'s own precision to "bf16" or "fp16"'
        )


def _lock(model: nn.Module, groups: int, name: str) -> None:
    """Leave the last ``groups`` groups of both towers, as open_clip counts them, to be trained."""
    try:
        with warnings.catch_warnings():  # open_clip calls a deprecated name of timm
            warnings.simplefilter("ignore", FutureWarning)
            model.lock_image_tower(unlocked_groups=groups)  # type: ignore[operator]
        model.lock_text_tower(unlocked_layers=groups)  # type: ignore[operator]
    except (AssertionError, AttributeError, NotImplementedError, RuntimeError) as error:
        raise EncoderError(
            f'the towers of {name} cannot be unlocked in part ({error}); train "heads" or "full" instead'
        ) from None
