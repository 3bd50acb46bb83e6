"""Training the towers of an encoder, and what every training that needs images shares."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from sde_core.encoders import Encoder
from sde_core.encoding import encode_pairs
from sde_core.errors import ConfigError, DataError, SDEError
from sde_core.pairs import Pairs, open_pairs
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.training.adapter_fold import disagreement
from sde_core.training.config import FinetuneConfig
from sde_core.training.inputs import Inputs, Pictures
from sde_core.training.model import DualModel
from sde_core.training.outcome import write_result
from sde_core.training.subject import Outcome, Subject, arranged
from sde_core.training.towers import Towers

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
    """Return a training of the towers; their images are read again in every epoch.

    Raises:
        DataError: the pairs cannot be trained on.
        EncoderError: the towers cannot be unlocked as asked.
        ConfigError: the pairs of a set are not known.
    """
    pairs = pairs_of(source, config)
    vectors = (
        checked(source, encoder)
        if isinstance(source, EmbeddingSet)
        else encode_pairs(encoder, pairs, progress=progress)
    )
    split, meaning = arranged(vectors, config)
    Towers(encoder, config)  # what cannot be unlocked is refused now

    def finish(model: DualModel, folder: Path | None) -> Outcome:
        assert isinstance(model, Towers)
        return finished(model.plain(), encoder, folder, vectors)

    def inputs_of(given: EmbeddingSet) -> Inputs:
        shown = pairs if given is vectors else pairs_of(given, config)
        return Pictures(
            shown, given.image_ids, given.captions, encoder, device=device, workers=config.workers
        )

    return Subject(
        source=vectors,
        inputs=inputs_of(vectors),
        inputs_of=inputs_of,
        split=split,
        meaning=meaning,
        title=f"{config.train} of {encoder.name} ({encoder.weights_sha256[:12]})",
        identity=identity_of(vectors, pairs),
        new_model=lambda run: Towers(encoder, run).to(device),
        finish=finish,
    )


def finished(model: nn.Module, encoder: Encoder, folder: Path | None, vectors: EmbeddingSet) -> Outcome:
    """Write a trained model where there is a folder, and return what became of it."""
    if folder is None:
        mine = replace(vectors.provenance, encoder="", weights_sha256="")
        note = "The vectors are the result; no output folder was given, so the encoder is not written."
        return Outcome(provenance=mine, folder=None, note=note)
    return write_result(model, encoder, folder, vectors.provenance, "The encoder is written")


def pairs_of(source: EmbeddingSet | Pairs, config: FinetuneConfig) -> Pairs:
    """Return the pairs themselves, or those that vectors were made of.

    Raises:
        ConfigError: the vectors do not name them.
        DataError: they are not at hand.
    """
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


def checked(source: EmbeddingSet, encoder: Encoder) -> EmbeddingSet:
    """Return the vectors if ``encoder`` made them.

    Raises:
        ConfigError: another encoder, or something else, did.
    """
    reason = disagreement(source, encoder)
    if reason:
        raise ConfigError(f"encoder must be the one that made the vectors; {reason}")
    return source


def identity_of(vectors: EmbeddingSet, pairs: Pairs) -> str:
    """Return a digest of the pairs and of which of them are used; not of vectors, whose last bits may change."""
    bare = replace(vectors, image=np.zeros((vectors.n_images, 0)), text=np.zeros((vectors.n_texts, 0)))
    return f"{pairs.fingerprint} {bare.fingerprint}"
