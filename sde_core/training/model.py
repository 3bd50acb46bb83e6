"""What a trained model is to the training: two encoders and a temperature."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

# open_clip's own limit on 1 / temperature.
MOST_SCALE = 100.0
# Where SigLIP starts.
SIGLIP_SCALE, SIGLIP_BIAS = 10.0, -10.0


class DualModel(nn.Module, ABC):
    """Pictures and captions to unit vectors; its trainable parameters are those that require a gradient.

    Attributes:
        logit_scale: log of 1 / temperature.
        logit_bias: SigLIP's offset of the scores, or None.
    """

    logit_scale: nn.Parameter
    logit_bias: nn.Parameter | None

    @abstractmethod
    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""

    @abstractmethod
    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""

    def forward(self, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return both modalities' vectors, 1 / temperature, and the offset (0 without one)."""
        bias = self.logit_scale.new_zeros(()) if self.logit_bias is None else self.logit_bias
        return self.encode_image(images), self.encode_text(texts), self.logit_scale.exp(), bias

    def limit_scale(self) -> None:
        """Keep 1 / temperature within open_clip's limits, after a step."""
        with torch.no_grad():
            self.logit_scale.clamp_(0, math.log(MOST_SCALE))

    def trained_state(self) -> dict[str, Tensor]:
        """Return copies of what training changes: trainable parameters, and buffers of trained layers."""
        return {name: tensor.detach().clone() for name, tensor in self._changing()}

    def load_trained_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `trained_state` returned.

        Raises:
            KeyError: a tensor is missing.
            RuntimeError: a tensor has another shape.
        """
        with torch.no_grad():
            for name, tensor in self._changing():
                tensor.copy_(state[name])

    def _changing(self) -> list[tuple[str, Tensor]]:
        """Return names and tensors in a fixed order."""
        trained: list[tuple[str, Tensor]] = [(n, p) for n, p in self.named_parameters() if p.requires_grad]
        owners = {name.rpartition(".")[0] for name, _ in trained}
        kept = set(self.state_dict())
        return trained + [
            (n, b) for n, b in self.named_buffers() if n.rpartition(".")[0] in owners and n in kept
        ]


class Adapter(DualModel):
    """A residual linear map of each modality's vectors, y = (I + A) x scaled to unit length.

    It starts as the identity, so weight decay pulls toward the start. Without an offset it commutes with
    the normalisation before it, so it can be folded into a linear last projection.

    Args:
        width: d of the vectors.
        scale: 1 / temperature at the start.
        bias: offset of the scores at the start, or None.
    """

    def __init__(self, width: int, *, scale: float, bias: float | None = None) -> None:
        super().__init__()
        self.image_change = nn.Parameter(torch.zeros(width, width))
        self.text_change = nn.Parameter(torch.zeros(width, width))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.logit_bias = None if bias is None else nn.Parameter(torch.tensor(bias))

    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(images + images @ self.image_change.T, dim=-1)

    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(texts + texts @ self.text_change.T, dim=-1)
