"""The last linear layer of each tower of an open_clip model: found, read, replaced."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Modality = Literal["image", "text"]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Where a tower's last linear layer sits.

    Attributes:
        owner: module that holds it.
        name: attribute of ``owner``; an index where ``owner`` is a sequence.
        can_be_none: whether the tower's code passes features on where the attribute is None.
    """

    owner: nn.Module
    name: str
    can_be_none: bool

    @property
    def weight(self) -> Tensor:
        """W (d, k): features (k,) become W x + bias."""
        layer = self._layer
        return layer.weight if isinstance(layer, nn.Linear) else layer.T

    @property
    def bias(self) -> Tensor | None:
        """Offset (d,), or None."""
        layer = self._layer
        return layer.bias if isinstance(layer, nn.Linear) else None

    def write(self, weight: Tensor, bias: Tensor | None) -> None:
        """Replace the numbers; shapes stay."""
        with torch.no_grad():
            self.weight.copy_(weight)
            if bias is not None and self.bias is not None:
                self.bias.copy_(bias)

    def remove(self) -> None:
        """Have the tower give what would have entered this layer."""
        if self.can_be_none:
            setattr(self.owner, self.name, None)
        elif isinstance(self.owner, nn.Sequential):
            self.owner[int(self.name)] = nn.Identity()
        else:
            setattr(self.owner, self.name, nn.Identity())

    @property
    def _layer(self) -> nn.Linear | nn.Parameter:
        owner = self.owner
        found = owner[int(self.name)] if isinstance(owner, nn.Sequential) else getattr(owner, self.name)
        assert isinstance(found, nn.Linear | nn.Parameter)
        return found


def find_projection(model: nn.Module, modality: Modality) -> Projection | None:
    """Return the last linear layer of a tower, or None where the tower ends otherwise.

    Args:
        model: open_clip's CLIP or CustomTextCLIP.
        modality: "image" or "text".
    """
    if modality == "text":
        return _of_text(model)
    tower = getattr(model, "visual", None)
    return _of_image(tower) if isinstance(tower, nn.Module) else None


def _of_image(tower: nn.Module) -> Projection | None:
    if isinstance(getattr(tower, "proj", None), nn.Parameter):  # open_clip's vision transformer
        return Projection(tower, "proj", can_be_none=True)
    head, trunk = getattr(tower, "head", None), getattr(tower, "trunk", None)
    if isinstance(head, nn.Sequential) and len(head):  # timm with open_clip's head
        return _last_of(head)
    if isinstance(trunk, nn.Module) and isinstance(getattr(trunk, "head", None), nn.Linear):
        return Projection(trunk, "head", can_be_none=False)
    return None


def _of_text(model: nn.Module) -> Projection | None:
    tower = getattr(model, "text", model)
    found = getattr(tower, "text_projection", None)
    if isinstance(found, nn.Parameter | nn.Linear):
        return Projection(tower, "text_projection", can_be_none=True)
    proj = getattr(tower, "proj", None)  # a Hugging Face tower
    if isinstance(proj, nn.Linear):
        return Projection(tower, "proj", can_be_none=False)
    return _last_of(proj) if isinstance(proj, nn.Sequential) and len(proj) else None


def _last_of(layers: nn.Sequential) -> Projection | None:
    last = len(layers) - 1
    if isinstance(layers[last], nn.Linear):
        return Projection(layers, str(last), can_be_none=False)
    inner = getattr(layers[last], "fc2", None)  # open_clip's and timm's Mlp
    return Projection(layers[last], "fc2", can_be_none=False) if isinstance(inner, nn.Linear) else None
