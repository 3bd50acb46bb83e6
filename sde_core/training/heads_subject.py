"""Training an encoder's last projections, on features of its frozen trunks that are computed once."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sde_core.encoders import Encoder
from sde_core.encoding import encode_pairs
from sde_core.errors import DataError, EncoderError
from sde_core.pairs import Pairs
from sde_core.sets.embeddings import EmbeddingSet, Floats
from sde_core.training.config import FinetuneConfig
from sde_core.training.encoder_subjects import checked, finished, identity_of, pairs_of
from sde_core.training.inputs import Inputs, Vectors
from sde_core.training.model import SIGLIP_BIAS, SIGLIP_SCALE, DualModel, Heads
from sde_core.training.projections import Projection, find_projection
from sde_core.training.subject import Outcome, Subject, arranged
from sde_core.training.towers import check_trainable

if TYPE_CHECKING:
    from sde_core.encoding import EncodeProgress

    Progress = Callable[[EncodeProgress], None]


def heads_subject(
    source: EmbeddingSet | Pairs,
    config: FinetuneConfig,
    encoder: Encoder,
    device: torch.device,
    progress: "Progress | None",
) -> Subject:
    """Return a training of the last projections; the frozen trunks see every image once, before it.

    Raises:
        DataError: the pairs cannot be trained on.
        EncoderError: a tower does not end in a linear layer.
        ConfigError: the pairs of a set are not known.
    """
    check_trainable(encoder)
    pairs = pairs_of(source, config)
    if isinstance(source, EmbeddingSet):
        checked(source, encoder)
    found, features = _trunk_features(encoder, pairs, config, progress)
    layers = {name: _projection(encoder.model, name) for name in ("image", "text")}
    start = {
        name: (p.weight.detach(), None if p.bias is None else p.bias.detach()) for name, p in layers.items()
    }
    vectors = replace(
        found,
        image=_projected(features[0], start["image"]),
        text=_projected(features[1], start["text"]),
        provenance=replace(found.provenance, weights_sha256=encoder.weights_sha256),
    )
    if isinstance(source, EmbeddingSet):
        features = _aligned(source, found, features)
        vectors = source
    split, meaning = arranged(vectors, config)

    def new_model(run: FinetuneConfig) -> DualModel:
        scale, offset = _scale_of(encoder), None
        if run.loss.contrast == "siglip":
            own = encoder.model.logit_bias
            scale, offset = (scale, float(own)) if isinstance(own, Tensor) else (SIGLIP_SCALE, SIGLIP_BIAS)
        return Heads(start["image"], start["text"], scale=scale, offset=offset).to(device)

    def finish(model: DualModel, folder: Path | None) -> Outcome:
        assert isinstance(model, Heads)
        return finished(_with_heads(encoder, model), encoder, folder, vectors)

    def inputs_of(given: EmbeddingSet) -> Inputs:
        other, theirs = _trunk_features(encoder, pairs_of(given, config), config, None)
        return Vectors(*_aligned(given, other, theirs), device)

    return Subject(
        source=vectors,
        inputs=Vectors(*features, device),
        inputs_of=inputs_of,
        split=split,
        meaning=meaning,
        title=f"heads of {encoder.name} ({encoder.weights_sha256[:12]})",
        identity=identity_of(vectors, pairs),
        new_model=new_model,
        finish=finish,
    )


def _scale_of(encoder: Encoder) -> float:
    """Return 1 / temperature of an encoder."""
    scale = encoder.model.logit_scale
    assert isinstance(scale, Tensor)
    return float(scale.detach().exp())


def _with_heads(encoder: Encoder, heads: Heads) -> nn.Module:
    model = copy.deepcopy(encoder.model)
    for name, layer in (("image", heads.image), ("text", heads.text)):
        _projection(model, name).write(layer.weight, layer.bias)
    with torch.no_grad():
        scale = model.logit_scale
        assert isinstance(scale, nn.Parameter)
        scale.copy_(heads.log_scale.to(scale).reshape(scale.shape))
    if heads.offset is not None:
        model.logit_bias = nn.Parameter(heads.offset.detach().to(scale).reshape(scale.shape).clone())
    return model


class _Trunks(nn.Module):
    """Both towers without their last projections, in homogeneous coordinates.

    `Encoder` scales what it gets to unit length; a coordinate of 1 beside the features keeps their length.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.clip = copy.deepcopy(model)
        for name in ("image", "text"):
            _projection(self.clip, name).remove()

    def encode_image(self, pictures: Tensor) -> Tensor:
        return nn.functional.pad(self.clip.encode_image(pictures), (0, 1), value=1.0)  # type: ignore[operator]

    def encode_text(self, tokens: Tensor) -> Tensor:
        return nn.functional.pad(self.clip.encode_text(tokens), (0, 1), value=1.0)  # type: ignore[operator]


def _trunk_features(
    encoder: Encoder, pairs: Pairs, config: FinetuneConfig, progress: "Progress | None"
) -> tuple[EmbeddingSet, tuple[Floats, Floats]]:
    """Return the pairs and, row by row, what enters the last projections for images and captions."""
    trunks = replace(encoder, model=_Trunks(encoder.model).eval())
    found = encode_pairs(trunks, pairs, progress=progress)
    return found, (_from_homogeneous(found.image), _from_homogeneous(found.text))


def _from_homogeneous(rows: Floats) -> Floats:
    features: Floats = rows[:, :-1] / rows[:, -1:]
    return features


def _projected(features: Floats, layer: tuple[Tensor, Tensor | None]) -> Floats:
    weight, bias = (None if x is None else x.cpu() for x in layer)
    assert weight is not None
    rows = nn.functional.linear(torch.from_numpy(features), weight, bias)
    found: Floats = nn.functional.normalize(rows, dim=-1).numpy()
    return found


def _projection(model: nn.Module, modality: str) -> Projection:
    found = find_projection(model, modality)  # type: ignore[arg-type]
    if found is None:
        raise EncoderError(
            f'the {modality} tower must end in a linear layer to train "heads"; it does not: train "full", or '
            '"adapter" on its vectors'
        )
    return found


def _aligned(
    source: EmbeddingSet, found: EmbeddingSet, features: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return the features in the order of the source's rows."""
    images = {name: row for row, name in enumerate(found.image_ids)}
    texts = {words: row for row, words in enumerate(found.captions)}
    lost = [name for name in source.image_ids if name not in images]
    lost += [words for words in source.captions if words not in texts]
    if lost:
        raise DataError(f"the pairs must hold what the set holds; {lost[0]!r} is no longer among them")
    return (
        features[0][[images[name] for name in source.image_ids]],
        features[1][[texts[words] for words in source.captions]],
    )
