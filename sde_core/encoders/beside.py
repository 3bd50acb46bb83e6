"""What stands beside a checkpoint: the settings it was trained with, where its trainer left them."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sde_core.encoders.folders import CONFIG

PARAMS = "params.txt"  # what open_clip's training writes into its log folder
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Settings that stand beside a checkpoint.

    Attributes:
        place: the file that says so.
        config: it, where it is open_clip's config.
        architecture: name of an architecture, "" where none is named.
        changes: what was changed of the architecture, by open_clip's own names of training options.
        preprocessing: what is said of the preprocessing.
    """

    place: Path
    config: Path | None = None
    architecture: str = ""
    changes: dict[str, Any]
    preprocessing: dict[str, Any]


def settings_beside(checkpoint: Path) -> Beside | None:
    """Return what stands beside a checkpoint: open_clip_config.json, or the params.txt of open_clip's training."""
    if (checkpoint.parent / CONFIG).is_file():
        return Beside(
            place=checkpoint.parent / CONFIG, config=checkpoint.parent / CONFIG, changes={}, preprocessing={}
        )
    for folder in (checkpoint.parent, checkpoint.parent.parent):
        place = folder / PARAMS
        if place.is_file() and place.stat().st_size < _LARGEST:
            return _of_training(place)
    return None


def _of_training(place: Path) -> Beside | None:
    said: dict[str, Any] = {}
    for line in place.read_text("utf-8", "replace").splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            said[name] = _plain(value)
    if not isinstance(said.get("model"), str):
        return None
    names = {"image_mean": "mean", "image_std": "std", "image_interpolation": "interpolation",
             "image_resize_mode": "resize_mode"}  # fmt: skip
    changes = ("force_quick_gelu", "force_custom_text", "force_image_size", "force_context_length")
    return Beside(
        place=place,
        architecture=said["model"].replace("/", "-"),
        changes={name: said[name] for name in changes if said.get(name)},
        preprocessing={new: said[old] for old, new in names.items() if said.get(old) is not None},
    )


def _plain(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
