"""Trained models as files that open_clip loads as they are, each proved before it is called written."""

import copy
import os
from pathlib import Path
from typing import Any

from torch import nn

from sde_core.encoders import Encoder
from sde_core.encoders.bare_files import MODEL_CONFIG, TOKENIZER_FILES, copy_bare
from sde_core.errors import EncoderError
from sde_core.files.claims import claimed_folder
from sde_core.files.tensor_file import write_tensors
from sde_core.files.text_file import write_json
from sde_core.training.proof import check_same

CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"


def write_open_clip(model: nn.Module, encoder: Encoder, folder: Path) -> Path:
    """Write ``model`` as a folder for ``local-dir:`` and return the folder; the weights alone load as a file too.

    The folder is written aside, loaded again, and put in its place only if it gives the same tokens, the same
    preprocessing and the same vectors for a probe of images and captions.

    Args:
        model: open_clip model with the architecture of ``encoder``.
        encoder: what it was trained from; gives architecture, preprocessing and tokenizer.
        folder: made if it is not there.

    Raises:
        EncoderError: the architecture's description is not at hand, or what was written is not the same encoder.
        OSError: the folder cannot be written to.
    """
    config = {"model_cfg": _architecture_of(model, encoder), "preprocess_cfg": _preprocessing(encoder)}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with claimed_folder(folder) as aside:
        write_tensors(aside / WEIGHTS, model.state_dict(), kind="open_clip", header={"format": "pt"})
        _copy_text_files(encoder, config["model_cfg"]["text_cfg"], aside)
        write_json(aside / CONFIG, config)
        check_same(model, encoder, aside)
        folder.mkdir(exist_ok=True)
        # The config last: before it is there, nothing takes the folder for an encoder.
        for path in sorted(aside.rglob("*"), key=lambda p: (p.name == CONFIG, p)):
            if path.is_file():
                target = folder / path.relative_to(aside)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
    return folder


def architecture(encoder: Encoder) -> dict[str, Any]:
    """Return open_clip's ``model_cfg`` of an encoder, as it was loaded: activation, context and all.

    Raises:
        EncoderError: it is no model of open_clip.
    """
    if not encoder.origin.architecture:
        raise EncoderError(
            f"{encoder.name} is no model of open_clip, so it cannot be written as one: train an adapter on its vectors"
        )
    found: dict[str, Any] = copy.deepcopy(dict(encoder.origin.architecture))
    return found


def _architecture_of(model: nn.Module, encoder: Encoder) -> dict[str, Any]:
    """Return the architecture with what training may have added."""
    config = architecture(encoder)
    if getattr(model, "logit_bias", None) is not None and config.get("init_logit_bias") is None:
        config["init_logit_bias"] = -10.0  # a place for the number that the weights bring
    if not hasattr(model, "positional_embedding") and "multimodal_cfg" not in config:
        config["custom_text"] = True
    return config


def _preprocessing(encoder: Encoder) -> dict[str, Any]:
    found = getattr(encoder.model.visual, "preprocess_cfg", None) or {}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dict(found).items()}


def _copy_text_files(encoder: Encoder, text: dict[str, Any], target: Path) -> None:
    """Copy the tokenizer's files and the config of a text tower that lies beside the encoder's own."""
    place = encoder.origin.tokenizer
    if place is not None and not copy_bare(place, target, (*TOKENIZER_FILES, MODEL_CONFIG)):
        raise EncoderError(
            f"the tokenizer of {encoder.name} is not in {place} any more: load the encoder again"
        )
    tower, folder = text.get("hf_model_name"), encoder.origin.folder
    if (
        tower
        and folder is not None
        and (folder / tower / MODEL_CONFIG).is_file()
        and not Path(tower).is_absolute()
    ):
        (target / tower).mkdir(parents=True, exist_ok=True)
        copy_bare(folder / tower, target / tower, (MODEL_CONFIG,))
