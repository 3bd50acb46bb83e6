"""An architecture's settings: read from where they stand, and let through by an allow list.

Whoever writes an encoder's settings must not be able to have code run: neither code of his own nor a loader that
fetches some. So nothing but the fields of open_clip's own dataclasses and a few plain options of tokenizers passes.
"""

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sde_core.errors import EncoderError

_TOWERS = ("vision_cfg", "text_cfg")
_TOP = {
    "embed_dim", "vision_cfg", "text_cfg", "multimodal_cfg", "quick_gelu", "custom_text", "init_logit_scale",
    "init_logit_bias", "nonscalar_logit_scale", "pad_id",
}  # fmt: skip
_PREPROCESSING = ("size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color")
_WORDS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# What a tokenizer of transformers and open_clip's own one may be told. Not among them: whatever names files, classes
# or code, and a way to shorten captions by chance or by a package that fetches its data.
_OF_TRANSFORMERS = {
    "clean", "strip_sep_token", "language", "use_fast", "padding_side", "truncation_side", "model_max_length",
    "do_lower_case", "add_bos_token", "add_eos_token", "add_prefix_space", "legacy", "src_lang", "tgt_lang",
    *_WORDS,
}  # fmt: skip
_OF_OPEN_CLIP = {"clean", "additional_special_tokens"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a model is built by.

    Attributes:
        architecture: open_clip's ``model_cfg``.
        preprocessing: what is said of mean, std, size, interpolation and resize mode; may be empty.
    """

    architecture: dict[str, Any]
    preprocessing: dict[str, Any] = field(default_factory=dict)


def read_settings(path: Path) -> Settings:
    """Return the settings of an open_clip_config.json, or of an architecture's own json.

    Raises:
        EncoderError: it is neither, or asks for more than settings.
    """
    content = read_json(path)
    architecture = content.get("model_cfg", content)
    preprocessing = content.get("preprocess_cfg") or {}
    if not isinstance(architecture, dict) or not isinstance(preprocessing, dict):
        raise EncoderError(f"{path} must hold model_cfg and preprocess_cfg as objects")
    architecture = {key: value for key, value in architecture.items() if key != "preprocess_cfg"}
    return Settings(
        architecture=checked_architecture(architecture, str(path)),
        preprocessing=checked_preprocessing(preprocessing, str(path)),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Return a file's JSON object.

    Raises:
        EncoderError: there is none.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{path} must be JSON; it cannot be read: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise EncoderError(f"{path} must hold a JSON object; it holds a {type(content).__name__}")
    return content


def checked_architecture(architecture: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return a copy of ``architecture`` of which every setting is known.

    Raises:
        EncoderError: it asks for code, or for something that is no setting.
    """
    from open_clip.coca_model import MultimodalCfg
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg

    found: dict[str, Any] = copy.deepcopy(dict(architecture))
    refuse_code(found, label)
    for name in ("embed_dim", *_TOWERS):
        if name not in found or (name in _TOWERS and not isinstance(found[name], dict)):
            raise EncoderError(f"{label} must describe an architecture of open_clip; {name} is missing")
    _only(found, _TOP, label)
    for name, kind in (("vision_cfg", CLIPVisionCfg), ("text_cfg", CLIPTextCfg)):
        _only(found[name], {f.name for f in dataclasses.fields(kind)}, f"{name} of {label}")
    if "multimodal_cfg" in found:
        _only(
            found["multimodal_cfg"],
            {f.name for f in dataclasses.fields(MultimodalCfg)},
            f"multimodal_cfg of {label}",
        )
    _check_picture_tower(found["vision_cfg"], label)
    _check_text_tower(found["text_cfg"], label)
    return found


def checked_preprocessing(preprocessing: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return what open_clip's preprocessing takes, with numbers where numbers belong.

    Raises:
        EncoderError: mean or std are not three numbers, or the resizing is of no known kind.
    """
    found = {key: preprocessing[key] for key in _PREPROCESSING if preprocessing.get(key) is not None}
    for name in ("mean", "std"):
        value = found.get(name)
        if value is None:
            continue
        if not isinstance(value, list | tuple) or len(value) != 3 or not all(_is_number(x) for x in value):
            raise EncoderError(f"{name} of {label} must be three numbers; got {value!r}")
        if name == "std" and min(value) <= 0:
            raise EncoderError(f"std of {label} must be above 0; got {value!r}")
    kinds = {
        "resize_mode": ("shortest", "longest", "squash"),
        "interpolation": ("bicubic", "bilinear", "random"),
    }
    for name, known in kinds.items():
        if found.get(name, known[0]) not in known:
            raise EncoderError(f"{name} of {label} must be one of {', '.join(known)}; got {found[name]!r}")
    return found


def refuse_code(content: object, label: str) -> None:
    """Refuse settings that ask for trust in code.

    Raises:
        EncoderError: ``trust_remote_code`` is set somewhere.
    """
    for name, value in _settings_in(content):
        if name == "trust_remote_code" and value:
            raise EncoderError(
                f"{label} asks for code of its own to be run (trust_remote_code), which is never done: take the "
                "setting out if the encoder works without, else wrap it by Encoder.from_callables"
            )


def tokenizer_options(text: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the plain options of the tokenizer.

    Raises:
        EncoderError: an option is not among those that are let through.
    """
    options = text.get("tokenizer_kwargs") or {}
    if not isinstance(options, dict):
        raise EncoderError(f"tokenizer_kwargs of {label} must be an object; got {options!r}")
    _only(
        options,
        _OF_TRANSFORMERS if text.get("hf_tokenizer_name") else _OF_OPEN_CLIP,
        f"tokenizer_kwargs of {label}",
    )
    for name, value in options.items():
        plain = value if isinstance(value, list) else [value]
        if not all(x is None or isinstance(x, str | int | float) for x in plain):
            raise EncoderError(f"{name} in tokenizer_kwargs of {label} must be a plain value; got {value!r}")
    return dict(options)


def _check_picture_tower(vision: Mapping[str, Any], label: str) -> None:
    name = vision.get("timm_model_name")
    if not name:
        return
    if not isinstance(name, str) or ":" in name or "/" in name or "\\" in name:
        raise EncoderError(
            f"timm_model_name of {label} must be an architecture of timm; got {name!r}, which would be fetched"
        )


def _check_text_tower(text: Mapping[str, Any], label: str) -> None:
    tokenizer_options(text, label)
    for name in ("hf_tokenizer_name", "hf_model_name", "tokenizer_mode"):
        if text.get(name) is not None and not isinstance(text[name], str):
            raise EncoderError(f"{name} of {label} must be a name; got {text[name]!r}")


def _only(found: object, known: set[str], label: str) -> None:
    if not isinstance(found, dict):
        raise EncoderError(f"{label} must be an object; got {found!r}")
    unknown = sorted(set(map(str, found)) - known)
    if unknown:
        raise EncoderError(
            f"{label} must hold nothing but settings that are known; got {', '.join(unknown[:4])}: take them out"
        )


def _settings_in(content: object) -> Iterator[tuple[str, object]]:
    """Yield every name with its value, at any depth."""
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield from each.items()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e6 < value < 1e6
