"""Trained models as files that open_clip loads as they are."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from sde_core.encoders import Encoder
from sde_core.errors import EncoderError
from sde_core.files import bundled
from sde_core.files.tensor_file import write_tensors
from sde_core.files.text_file import write_json

CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"


def write_open_clip(model: nn.Module, encoder: Encoder, folder: Path) -> Path:
    """Write ``model`` as a folder for ``local-dir:`` and return the folder; the weights alone load as a file too.

    Args:
        model: open_clip model with the architecture of ``encoder``.
        encoder: what it was trained from; gives architecture and preprocessing.
        folder: made if it is not there.

    Raises:
        EncoderError: the architecture's description is not at hand.
        OSError: the folder cannot be written to.
    """
    config = {"model_cfg": architecture(encoder), "preprocess_cfg": _preprocessing(encoder)}
    if getattr(model, "logit_bias", None) is not None:
        config["model_cfg"]["init_logit_bias"] = -10.0  # a place for the number that the weights bring
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS, model.state_dict(), kind="open_clip", header={"format": "pt"})
    write_json(folder / CONFIG, config)
    return folder


def architecture(encoder: Encoder) -> dict[str, Any]:
    """Return open_clip's ``model_cfg`` of an encoder.

    Raises:
        EncoderError: it is not at hand.
    """
    import open_clip

    name = encoder.name
    if name == "bundled":
        name = f"local-dir:{bundled.encoder_folder()}"
    elif Path(name).expanduser().is_dir():
        name = f"local-dir:{Path(name).expanduser()}"
    elif not name.startswith(("local-dir:", "hf-hub:")):
        name = name.partition("/")[0].replace("@", "/").replace("/", "-")
    try:
        found = open_clip.get_model_config(name)
    except OSError as error:
        raise EncoderError(f"the architecture of {encoder.name} cannot be read: {error}") from None
    if found is None:
        raise EncoderError(f"the architecture of {encoder.name} is not known to open_clip")
    config: dict[str, Any] = json.loads(json.dumps(found))  # a copy of its own
    return config


def _preprocessing(encoder: Encoder) -> dict[str, Any]:
    found = getattr(encoder.model.visual, "preprocess_cfg", None) or {}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dict(found).items()}
