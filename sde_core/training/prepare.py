"""From what a caller hands in to what a training works on."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from sde_core.embeddings import EmbeddingSet
from sde_core.errors import ConfigError
from sde_core.training.config import FinetuneConfig
from sde_core.training.subject import Subject, vectors_subject

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs import Pairs


def prepare_subject(
    source: "EmbeddingSet | Pairs",
    config: FinetuneConfig,
    encoder: "Encoder | None",
    device: torch.device,
    progress: "Callable[[EncodeProgress], None] | None",
) -> Subject:
    """Return the subject of a training; pairs are encoded.

    Raises:
        DataError: the pairs cannot be trained on.
        ConfigError: something that ``config.train`` needs is missing.
    """
    from sde_core.encoding import encode_pairs

    if config.train != "adapter":
        raise ConfigError(f"train must be adapter; got {config.train!r}")
    if not isinstance(source, EmbeddingSet):
        if encoder is None:
            raise ConfigError("encoder must be given to train on pairs; got None")
        source = encode_pairs(encoder, source, progress=progress)
    return vectors_subject(source, config, device)
