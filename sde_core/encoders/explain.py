"""Why an encoder does not load, in one sentence with the remedy."""

import re
from collections.abc import Mapping
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError

from sde_core.encoders.folders import CONFIG
from sde_core.encoders.resolve import Source, local_encoders
from sde_core.encoders.shapes import Shapes, fitting_architectures
from sde_core.files.hub import hub_answers

_ONE_FOLDER = f"put {CONFIG}, the weights and the tokenizer's files into one folder and give that folder"
_TORCH_SAVE = 'torch.save({"state_dict": model.state_dict()}, ...) or safetensors'


def no_tokenizer(source: Source, text: Mapping[str, Any], error: Exception) -> str:
    """Return why the tokenizer does not load."""
    label, name = source.label, text.get("hf_tokenizer_name", "")
    if isinstance(error, ImportError):
        return f"{label} needs a package for its tokenizer that is not installed: {first_line(error)}"
    if source.folder is not None:
        return (
            f"{label} must hold the files of its tokenizer {name or ''} beside {CONFIG} (tokenizer.json and "
            f"tokenizer_config.json, or what tokenizer.save_pretrained writes), and code that comes with them is never "
            f"run; they do not load: {first_line(error)}"
        )
    if not source.is_local:
        return unreachable(source, error)
    reason = "does not come from the hub" if hub_answers() else "is not on this machine, no hub in reach"
    return f"the tokenizer of {label}, {name}, {reason}: load it once with a connection, or {_ONE_FOLDER}"


def not_built(source: Source, text: Mapping[str, Any], error: Exception) -> str:
    """Return why a model cannot be made by its settings."""
    tower = text.get("hf_model_name")
    if tower and isinstance(error, OSError) and not hub_answers():
        return (
            f"the configuration of the text tower of {source.label}, {tower}, is not on this machine, no hub in "
            f"reach: load it once with a connection, or name a folder with its config.json as hf_model_name in {CONFIG}"
        )
    return f"{source.label} cannot be built by its settings: {_last_line(error)}"


def unreachable(source: Source, error: Exception) -> str:
    """Return why weights of the hub do not arrive, and what loads without it."""
    if hub_answers():
        reason = f"the hub does not give the weights of {source.label}: {first_line(error)}"
    else:
        reason = f"the weights of {source.label} are not on this machine and the hub cannot be reached"
    offer = ", ".join((*local_encoders(), "a local folder"))
    return f"{reason}; without it, use {offer} or a checkpoint file"


def unreadable(source: Source, error: Exception) -> str:
    """Return why a checkpoint cannot be read."""
    text, label = str(error), source.label
    if "TorchScript" in text:
        return f"{label} is a TorchScript archive, which holds code and is not loaded; save its state as {_TORCH_SAVE}"
    if found := re.search(r"Unsupported (?:global|class|operand).*?([\w.]+\.[\w.]+)", text):
        return (
            f"{label} holds Python objects besides tensors ({found[1]}), which are never loaded; save it again as "
            f"{_TORCH_SAVE}"
        )
    if (
        isinstance(error, OSError | SafetensorError | UnpicklingError | EOFError)
        or "PytorchStreamReader" in text
    ):
        reason = "it is no state of a model" if "weights_only" in text else first_line(error)
        return f"the checkpoint of {label} is damaged or missing: {reason}"
    return f"{label} cannot be loaded: {_last_line(error)}"


def mismatch(source: Source, shapes: Shapes, error: Exception) -> str:
    """Return why weights do not go into the model, and which architecture they fit."""
    if not _is_mismatch(error):
        return f"{source.label} cannot be loaded: {_last_line(error)}"
    return _mismatch(source, shapes, error)


def _is_mismatch(error: Exception) -> bool:
    words = ("Missing key", "Unexpected key", "size mismatch")
    return isinstance(error, AssertionError | KeyError) or any(w in str(error) for w in words)


def _mismatch(source: Source, shapes: Shapes, error: Exception) -> str:
    label = source.label
    if any(key.startswith("vision_model.") for key in shapes):
        return (
            f"{label} is a checkpoint in the layout of the transformers library; give the folder that "
            "save_pretrained wrote, or open_clip_model.safetensors of the same model"
        )
    start = f"{label} is a checkpoint of another architecture ({_difference(error)})"
    fitting = fitting_architectures(shapes)
    if not fitting:
        return f"{start}; no architecture of open_clip has these shapes: give a folder with {CONFIG} and the weights"
    return f"{start}; its shapes are those of {' or '.join(fitting[:4])}"


def _difference(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing, unexpected, shape = (
        next((line for line in lines if line.startswith(start)), "")
        for start in ("Missing key", "Unexpected key", "size mismatch")
    )
    counts = f"{missing.count(chr(34)) // 2} tensors missing, {unexpected.count(chr(34)) // 2} not expected"
    return counts if missing or unexpected else (shape.rstrip(".") or first_line(error))


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, at most 200 letters."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(". ")[:200]


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).rstrip(". ")[:200]
