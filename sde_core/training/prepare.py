"""From what a caller hands in to what a training works on."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sde_core.encoders import Encoder, load_encoder, local_encoders
from sde_core.errors import ConfigError, SDEError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.provenance import Provenance
from sde_core.training.adapter_fold import NotFolded, disagreement, fold
from sde_core.training.config import FinetuneConfig
from sde_core.training.encoder_subjects import towers_subject
from sde_core.training.heads_subject import heads_subject
from sde_core.training.inputs import Inputs, Vectors
from sde_core.training.model import SIGLIP_BIAS, SIGLIP_SCALE, Adapter, DualModel
from sde_core.training.open_clip_files import architecture
from sde_core.training.outcome import write_result
from sde_core.training.subject import Outcome, Subject, arranged

if TYPE_CHECKING:
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs import Pairs

    Progress = Callable[[EncodeProgress], None]


def prepare_subject(
    source: "EmbeddingSet | Pairs",
    config: FinetuneConfig,
    encoder: Encoder | None,
    device: torch.device,
    progress: "Progress | None",
) -> Subject:
    """Return the subject of a training; pairs are encoded.

    Raises:
        DataError: the pairs cannot be trained on.
        ConfigError: something that ``config.train`` needs is missing.
        EncoderError: the encoder has no layer of the kind that is to be trained.
    """
    if config.train == "adapter":
        return _adapter_subject(source, config, encoder, device, progress)
    encoder = encoder or _encoder_of(source, config)
    architecture(encoder)  # a model of another library is refused now, not after the training
    build = heads_subject if config.train == "heads" else towers_subject
    return build(source, config, encoder, device, progress)


def _adapter_subject(
    source: "EmbeddingSet | Pairs",
    config: FinetuneConfig,
    encoder: Encoder | None,
    device: torch.device,
    progress: "Progress | None",
) -> Subject:
    from sde_core.encoding import encode_pairs

    if isinstance(source, EmbeddingSet):
        vectors, identity = source, source.fingerprint
    else:
        if encoder is None:
            raise ConfigError("encoder must be given to train on pairs; got None: load_encoder makes one")
        vectors = encode_pairs(encoder, source, progress=progress)
        identity = f"{source.fingerprint} by {encoder.weights_sha256}"
    split, meaning = arranged(vectors, config)

    def new_model(run: FinetuneConfig) -> DualModel:
        scale, offset = 1 / run.temperature, None
        if run.loss.contrast == "siglip":
            scale, offset = SIGLIP_SCALE, SIGLIP_BIAS
        return Adapter(vectors.width, scale=scale, offset=offset).to(device)

    def finish(model: DualModel, folder: Path | None) -> Outcome:
        assert isinstance(model, Adapter)
        return _finished_adapter(model, vectors, encoder, folder)

    def inputs_of(given: EmbeddingSet) -> Inputs:
        return Vectors(given.image, given.text, device)

    return Subject(
        source=vectors,
        inputs=inputs_of(vectors),
        inputs_of=inputs_of,
        split=split,
        meaning=meaning,
        title=f"an adapter on vectors of width {vectors.width}",
        identity=identity,
        new_model=new_model,
        finish=finish,
    )


def _finished_adapter(
    model: Adapter, vectors: EmbeddingSet, encoder: Encoder | None, folder: Path | None
) -> Outcome:
    """Fold the adapter into the encoder that made the vectors, where it is at hand and ends linearly."""
    beside = "; the adapter's own file and the vectors are the result"
    mine = Provenance(pairs=vectors.provenance.pairs, pairs_fingerprint=vectors.provenance.pairs_fingerprint)

    def not_folded(reason: str) -> Outcome:
        return Outcome(provenance=mine, folder=None, note=f"Not folded into an encoder: {reason}{beside}.")

    if folder is None:
        return not_folded("no output folder was given")
    if encoder is None:
        name = vectors.provenance.encoder
        if not is_local(name):
            return not_folded("the encoder of the vectors is not known or not on this machine; pass encoder")
        try:
            encoder = load_encoder(name, device="cpu")
        except SDEError as error:
            return not_folded(str(error))
    reason = disagreement(vectors, encoder)
    if reason:
        return not_folded(reason)
    folded = fold(model, encoder)
    if isinstance(folded, NotFolded):
        return not_folded(folded.reason)
    return write_result(folded, encoder, folder, vectors.provenance, "The adapter is folded into the encoder")


def is_local(name: str) -> bool:
    """Return whether an encoder of this name loads without a network."""
    return name in local_encoders() or (bool(name) and Path(name).expanduser().is_dir())


def _encoder_of(source: "EmbeddingSet | Pairs", config: FinetuneConfig) -> Encoder:
    name = source.provenance.encoder if isinstance(source, EmbeddingSet) else ""
    if not is_local(name):
        raise ConfigError(
            f'encoder must be given to train "{config.train}"; got None'
            + (f", and {name} is not on this machine" if name else "")
        )
    return load_encoder(name, device=config.device)
