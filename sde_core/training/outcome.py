"""What a training of an encoder leaves behind: a folder that open_clip loads."""

from dataclasses import replace
from pathlib import Path

import torch

from sde_core.encoders import Encoder
from sde_core.errors import SDEError
from sde_core.sets.provenance import Provenance
from sde_core.training.open_clip_files import write_open_clip
from sde_core.training.subject import Outcome


def write_result(
    model: torch.nn.Module, encoder: Encoder, folder: Path, before: Provenance, done: str
) -> Outcome:
    """Write a trained open_clip model and return it as an outcome."""
    try:
        write_open_clip(model, encoder, folder)
    except (SDEError, OSError) as error:
        note = f"{done}, but it could not be written for open_clip: {error}."
        mine = Provenance(pairs=before.pairs, pairs_fingerprint=before.pairs_fingerprint)
        return Outcome(provenance=mine, folder=None, note=note)
    trained = replace(encoder, name=str(folder), model=model)
    provenance = replace(before, encoder=str(folder), weights_sha256=trained.weights_sha256, precision="fp32")
    return Outcome(
        provenance=provenance,
        folder=folder,
        note=f"{done}: {folder} loads in open_clip as local-dir:{folder}.",
    )
