"""Writing the model as open_clip reads it: a config JSON beside half-precision weights."""

import json
import os
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from .towers import open_clip_config

# 49,408 x 192 numbers, two thirds of all: one byte each costs a relative error of 2.6 % in a row of the table,
# which the tower does not notice, and buys a third more width than half precision would for the same file.
TOKEN_TABLE = "text.token_embedding.weight"
TOKEN_DTYPE = torch.float8_e4m3fn


def stored(name: str, value: Tensor) -> Tensor:
    """The tensor in the precision of the file."""
    if not value.is_floating_point():
        return value.contiguous()
    return value.detach().to(TOKEN_DTYPE if name == TOKEN_TABLE else torch.float16).contiguous()


def export(model: nn.Module, folder: Path) -> int:
    """Write `open_clip_config.json` and `open_clip_model.safetensors` into the folder; the size in bytes comes back.

    open_clip's own loading copies the numbers into a float32 model (or the precision that its caller asks for).
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "open_clip_model.safetensors"
    partial = weights.with_suffix(".partial")
    state = {name: stored(name, value) for name, value in model.state_dict().items()}
    save_file(state, partial, metadata={"format": "pt"})
    os.replace(partial, weights)
    (folder / "open_clip_config.json").write_text(json.dumps(open_clip_config(), indent=2) + "\n")
    return weights.stat().st_size
