"""Why an encoder does not load, in one sentence with the remedy."""

import json
import re
from pickle import UnpicklingError
from typing import Any

from safetensors import SafetensorError

from sde_core.encoders.resolve import CONFIG, Source, local_encoders
from sde_core.encoders.shapes import (
    Shapes,
    architecture_shapes,
    checkpoint_shapes,
    comparable,
    fitting_architectures,
    has_custom_text,
)
from sde_core.files.hub import hub_answers

_ONE_FOLDER = f"put {CONFIG}, the weights and the tokenizer's files into one folder and give that folder"
_TORCH_SAVE = 'torch.save({"state_dict": model.state_dict()}, ...) or safetensors'


def needs_hub(source: Source) -> bool:
    """Return whether something of the source comes from the model hub: weights, tokenizer or text tower."""
    if not source.is_local:
        return True
    text = _text_config(source)
    return (source.folder is None and bool(text.get("hf_tokenizer_name"))) or "hf_model_name" in text


def no_tokenizer(source: Source, error: Exception) -> str:
    """Return why the tokenizer does not load."""
    label, name = source.label, _text_config(source).get("hf_tokenizer_name", "")
    if isinstance(error, ImportError):
        return f"{label} needs a package for its tokenizer that is not installed: {_first_line(error)}"
    if source.folder is not None:
        return (
            f"{label} must hold the files of its tokenizer {name or ''} beside {CONFIG} (tokenizer.json and "
            f"tokenizer_config.json, or what tokenizer.save_pretrained writes); they do not load: "
            f"{_first_line(error)}"
        )
    if not source.is_local:
        return unreachable(source, error)
    reason = "does not come from the hub" if hub_answers() else "is not on this machine, no hub in reach"
    return f"the tokenizer of {label}, {name}, {reason}: load it once with a connection, or {_ONE_FOLDER}"


def no_model(source: Source, error: Exception) -> str:
    """Return why the model does not load."""
    if not source.is_local:
        return unreachable(source, error)
    tower = _text_config(source).get("hf_model_name")
    if tower and isinstance(error, OSError) and not hub_answers():
        return (
            f"the configuration of the text tower of {source.label}, {tower}, is not on this machine, no hub in "
            f"reach: load it once with a connection, or name a folder with its config.json as hf_model_name in {CONFIG}"
        )
    return unfit(source, error)


def unreachable(source: Source, error: Exception) -> str:
    """Return why weights of the hub do not arrive, and what loads without it."""
    if hub_answers():
        reason = f"the hub does not give the weights of {source.label}: {_first_line(error)}"
    else:
        reason = f"the weights of {source.label} are not on this machine and the hub cannot be reached"
    offer = ", ".join((*local_encoders(), "a local folder"))
    return f"{reason}; without it, use {offer} or a checkpoint file"


def unfit(source: Source, error: Exception) -> str:
    """Return why a local checkpoint does not load."""
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
        return f"the checkpoint of {label} is damaged or missing: {_first_line(error)}"
    if isinstance(error, StopIteration | AttributeError):  # an empty file, or one that holds no names
        return f"the checkpoint of {label} holds no tensors by name; save it as {_TORCH_SAVE}"
    if not _is_mismatch(error):
        return f"{label} cannot be loaded: {_last_line(error)}"
    try:
        path = source.checkpoint
        shapes = checkpoint_shapes(path) if path else {}
    except Exception as damage:
        return f"the checkpoint of {label} is damaged: {_first_line(damage)}"
    return _mismatch(source, shapes, error)


def is_custom_text(source: Source, error: Exception) -> bool:
    """Return whether a checkpoint fits but for its text tower standing under "text."."""
    if source.checkpoint is None or source.folder is not None or not _is_mismatch(error):
        return False
    try:
        shapes = checkpoint_shapes(source.checkpoint)
    except Exception:
        return False
    return has_custom_text(shapes) and comparable(shapes) == comparable(
        architecture_shapes(source.architecture)
    )


def _is_mismatch(error: Exception) -> bool:
    words = ("Missing key", "Unexpected key", "size mismatch")
    return isinstance(error, AssertionError | KeyError) or any(w in str(error) for w in words)


def _mismatch(source: Source, shapes: Shapes, error: Exception) -> str:
    label = source.label
    if any(key.startswith("vision_model.") for key in shapes):
        return (
            f"{label} is a checkpoint in the layout of the transformers library; give one in open_clip's layout, "
            f"such as open_clip_model.safetensors of the same model"
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
    return counts if missing or unexpected else (shape.rstrip(".") or _first_line(error))


def _text_config(source: Source) -> dict[str, Any]:
    """Return the text part of the architecture's config, {} where it is not known here."""
    import open_clip

    if source.architecture.startswith("hf-hub:"):  # open_clip would ask the hub
        return {}
    try:
        if source.folder is not None:
            config = json.loads((source.folder / CONFIG).read_text("utf-8"))["model_cfg"]
        else:
            config = open_clip.get_model_config(source.architecture) or {}
        text = config.get("text_cfg", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return text if isinstance(text, dict) else {}


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].strip().rstrip(". ")[:200]


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).rstrip(". ")[:200]
