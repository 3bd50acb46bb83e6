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
    """Images and captions to unit vectors; its trainable parameters are those that require a gradient."""

    @property
    @abstractmethod
    def log_scale(self) -> nn.Parameter:
        """Log of 1 / temperature."""

    @property
    @abstractmethod
    def offset(self) -> nn.Parameter | None:
        """SigLIP's offset of the scores, or None."""

    @abstractmethod
    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""

    @abstractmethod
    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""

    def forward(self, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return both modalities' vectors, 1 / temperature, and the offset (0 without one)."""
        # A copy, because data-parallel training looks for parameters behind the outputs, not among them.
        offset = self.log_scale.new_zeros(()) if self.offset is None else self.offset.clone()
        return self.encode_image(images), self.encode_text(texts), self.log_scale.exp(), offset

    def limit_scale(self) -> None:
        """Keep 1 / temperature within open_clip's limits, after a step."""
        with torch.no_grad():
            self.log_scale.clamp_(0, math.log(MOST_SCALE))

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


class LinearModel(DualModel, ABC):
    """A model with a temperature of its own, for linear layers on vectors that are known.

    Args:
        scale: 1 / temperature at the start.
        offset: of the scores at the start, or None.
    """

    def __init__(self, *, scale: float, offset: float | None) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.logit_bias = None if offset is None else nn.Parameter(torch.tensor(offset))

    @property
    def log_scale(self) -> nn.Parameter:
        """Log of 1 / temperature."""
        return self.logit_scale

    @property
    def offset(self) -> nn.Parameter | None:
        """SigLIP's offset of the scores, or None."""
        return self.logit_bias


class Adapter(LinearModel):
    """A residual linear map of each modality's vectors, y = (I + A) x scaled to unit length.

    It starts as the identity, so weight decay pulls toward the start. Without an added vector it commutes with
    the normalisation before it, so it can be folded into a linear last projection.

    Args:
        width: d of the vectors.
        scale: 1 / temperature at the start.
        offset: of the scores at the start, or None.
    """

    def __init__(self, width: int, *, scale: float, offset: float | None = None) -> None:
        super().__init__(scale=scale, offset=offset)
        self.image_change = nn.Parameter(torch.zeros(width, width))
        self.text_change = nn.Parameter(torch.zeros(width, width))

    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(images + images @ self.image_change.T, dim=-1)

    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(texts + texts @ self.text_change.T, dim=-1)


class Heads(LinearModel):
    """The last projections of an encoder, on what enters them.

    Args:
        image: weight (d, k) and bias (d,) or None of the images' projection.
        text: the same of the captions'.
        scale: 1 / temperature at the start.
        offset: of the scores at the start, or None.
    """

    def __init__(
        self,
        image: tuple[Tensor, Tensor | None],
        text: tuple[Tensor, Tensor | None],
        *,
        scale: float,
        offset: float | None = None,
    ) -> None:
        super().__init__(scale=scale, offset=offset)
        self.image, self.text = _linear(*image), _linear(*text)

    def encode_image(self, images: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(self.image(images), dim=-1)

    def encode_text(self, texts: Tensor) -> Tensor:
        """Return (b, d) unit vectors."""
        return functional.normalize(self.text(texts), dim=-1)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer
