"""An adapter on an encoder's vectors as an encoder: its maps multiplied into the last projections."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from sde_core.encoders import Encoder
from sde_core.errors import SDEError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.training.model import Adapter
from sde_core.training.projections import find_projection

# Rows that are tried: captions and images of the set, encoded again.
_TRIED = 8
# float16 storage turns a row by 1e-3; another encoder or a transform by far more.
_TURN = 0.02


@dataclass(frozen=True, slots=True)
class NotFolded:
    """Why an adapter stays beside its encoder, one clause."""

    reason: str


def fold(adapter: Adapter, encoder: Encoder) -> nn.Module | NotFolded:
    """Return a copy of the encoder's model whose vectors are the adapter's, or why there is none.

    With z = (P h + b) scaled to unit length, (I + A) z has the direction of (I + A) P h + (I + A) b: the
    map goes into the projection exactly.
    """
    model = copy.deepcopy(encoder.model)
    for modality, change in (("image", adapter.image_change), ("text", adapter.text_change)):
        projection = find_projection(model, modality)  # type: ignore[arg-type]
        if projection is None:
            return NotFolded(f"the {modality} tower of {encoder.name} does not end in a linear layer")
        weight = projection.weight.detach().double()
        if len(weight) != len(change):
            return NotFolded(f"the {modality} tower of {encoder.name} has another width than the adapter")
        turn = torch.eye(len(change), dtype=torch.float64) + change.detach().cpu().double()
        bias = None if projection.bias is None else turn @ projection.bias.detach().cpu().double()
        projection.write((turn @ weight.cpu()).to(weight), bias)
    _take_temperature(model, adapter.log_scale, adapter.offset)
    return model


def disagreement(vectors: EmbeddingSet, encoder: Encoder) -> str:
    """Return why ``vectors`` are not what ``encoder`` makes of the same pairs, or "" if they are."""
    known = vectors.provenance.weights_sha256
    if known and known != encoder.weights_sha256:
        return f"the vectors were made by other weights than those of {encoder.name}"
    rows = [i for i, words in enumerate(vectors.captions) if words.strip()][:_TRIED]
    if not rows:
        return "the set has no captions to compare its vectors with the encoder's"
    again = encoder.encode_texts([vectors.captions[i] for i in rows]).cpu().numpy()
    if again.shape[1] != vectors.width or _turn(again, vectors.text[rows]) > _TURN:
        return f"{encoder.name} gives other vectors for the same captions"
    pictures = _pictures(vectors, encoder)
    if pictures is not None and _turn(pictures, vectors.image[: len(pictures)]) > _TURN:
        return f"{encoder.name} gives other vectors for the same pictures"
    return ""


def _pictures(vectors: EmbeddingSet, encoder: Encoder) -> np.ndarray | None:
    """Return the first images encoded again, or None where they are not at hand."""
    from sde_core.pairs import decode_image, open_pairs

    try:
        pairs = open_pairs(vectors.provenance.pairs)
        read = [decode_image(pairs.find(name).read_image()) for name in vectors.image_ids[:_TRIED]]
    except (SDEError, OSError):
        return None
    found: np.ndarray = encoder.encode_pictures(read).cpu().numpy()
    return found


def _turn(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest sine-like distance of two rows read as directions."""
    units = [x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True) for x in (first, second)]
    return float(np.linalg.norm(units[0] - units[1], axis=1).max())


def _take_temperature(model: nn.Module, log_scale: Tensor, offset: Tensor | None) -> None:
    with torch.no_grad():
        scale = model.logit_scale
        assert isinstance(scale, nn.Parameter)
        scale.copy_(log_scale.detach().to(scale).reshape(scale.shape))
        if offset is not None:
            value = offset.detach().to(scale).reshape(scale.shape).clone()
            model.logit_bias = nn.Parameter(value)
