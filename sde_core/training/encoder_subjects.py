"""Trainings that need pictures: an encoder's projections on cached features, or its towers."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from sde_core.embeddings import EmbeddingSet, Floats
from sde_core.encoders import Encoder
from sde_core.encoding import encode_pairs
from sde_core.errors import ConfigError, DataError, EncoderError, SDEError
from sde_core.pairs import Pairs, open_pairs
from sde_core.training.config import FinetuneConfig
from sde_core.training.folding import disagreement
from sde_core.training.inputs import Pictures, Vectors
from sde_core.training.model import SIGLIP_BIAS, SIGLIP_SCALE, DualModel, Heads
from sde_core.training.prepare import write_result
from sde_core.training.projections import Projection, find_projection
from sde_core.training.subject import Outcome, Subject, arranged
from sde_core.training.towers import Towers, check_trainable

if TYPE_CHECKING:
    from sde_core.encoding import EncodeProgress

    Progress = Callable[[EncodeProgress], None]


def towers_subject(
    source: EmbeddingSet | Pairs,
    config: FinetuneConfig,
    encoder: Encoder,
    device: torch.device,
    progress: "Progress | None",
) -> Subject:
    """Return a training of the towers; their pictures are read again in every epoch.

    Raises:
        DataError: the pairs cannot be trained on.
        EncoderError: the towers cannot be unlocked as asked.
        ConfigError: the pairs of a set are not known.
    """
    pairs = _pairs_of(source, config)
    vectors = (
        _checked(source, encoder)
        if isinstance(source, EmbeddingSet)
        else encode_pairs(encoder, pairs, progress=progress, workers=config.workers)
    )
    split, meaning = arranged(vectors, config)
    Towers(encoder, config)  # what cannot be unlocked is refused now

    def finish(model: DualModel, folder: Path | None) -> Outcome:
        assert isinstance(model, Towers)
        return _finished(model.plain(), encoder, folder, vectors)

    return Subject(
        source=vectors,
        inputs=Pictures(
            pairs, vectors.image_ids, vectors.captions, encoder, device=device, workers=config.workers
        ),
        split=split,
        meaning=meaning,
        title=f"{config.train} of {encoder.name} ({encoder.weights_sha256[:12]})",
        identity=_identity(vectors, pairs),
        new_model=lambda run: Towers(encoder, run).to(device),
        finish=finish,
    )


def heads_subject(
    source: EmbeddingSet | Pairs,
    config: FinetuneConfig,
    encoder: Encoder,
    device: torch.device,
    progress: "Progress | None",
) -> Subject:
    """Return a training of the last projections; the frozen trunks see every picture once, before it.

    Raises:
        DataError: the pairs cannot be trained on.
        EncoderError: a tower does not end in a linear layer.
        ConfigError: the pairs of a set are not known.
    """
    check_trainable(encoder)
    pairs = _pairs_of(source, config)
    if isinstance(source, EmbeddingSet):
        _checked(source, encoder)
    found = encode_pairs(_trunks(encoder), pairs, progress=progress, workers=config.workers)
    features = (_from_homogeneous(found.image), _from_homogeneous(found.text))
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
        return _finished(_with_heads(encoder, model), encoder, folder, vectors)

    return Subject(
        source=vectors,
        inputs=Vectors(*features, device),
        split=split,
        meaning=meaning,
        title=f"heads of {encoder.name} ({encoder.weights_sha256[:12]})",
        identity=_identity(vectors, pairs),
        new_model=new_model,
        finish=finish,
    )


def _scale_of(encoder: Encoder) -> float:
    """Return 1 / temperature of an encoder."""
    scale = encoder.model.logit_scale
    assert isinstance(scale, Tensor)
    return float(scale.detach().exp())


def _finished(model: nn.Module, encoder: Encoder, folder: Path | None, vectors: EmbeddingSet) -> Outcome:
    if folder is None:
        mine = replace(vectors.provenance, encoder="", weights_sha256="")
        note = "The vectors are the result; no output folder was given, so the encoder is not written."
        return Outcome(provenance=mine, folder=None, note=note)
    return write_result(model, encoder, folder, vectors.provenance, "The encoder is written")


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


def _trunks(encoder: Encoder) -> Encoder:
    return replace(encoder, model=_Trunks(encoder.model).eval())


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


def _pairs_of(source: EmbeddingSet | Pairs, config: FinetuneConfig) -> Pairs:
    if isinstance(source, Pairs):
        return source
    if not source.provenance.pairs:
        raise ConfigError(
            f'source must be pairs, or vectors that name theirs, to train "{config.train}"; these do not: '
            'pass open_pairs(...), or train "adapter"'
        )
    try:
        return open_pairs(source.provenance.pairs)
    except SDEError as error:
        raise DataError(f"the pictures of the set are not at hand: {error}") from None


def _checked(source: EmbeddingSet, encoder: Encoder) -> EmbeddingSet:
    reason = disagreement(source, encoder)
    if reason:
        raise ConfigError(f"encoder must be the one that made the vectors; {reason}")
    return source


def _identity(vectors: EmbeddingSet, pairs: Pairs) -> str:
    """Return a digest of the pairs and of which of them are used; not of vectors, whose last bits may change."""
    bare = replace(vectors, image=np.zeros((vectors.n_images, 0)), text=np.zeros((vectors.n_texts, 0)))
    return f"{pairs.fingerprint} {bare.fingerprint}"


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
