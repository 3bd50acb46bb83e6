"""Architectures with the same weights that compute something else: what a checkpoint's shapes cannot tell."""

from collections.abc import Mapping
from typing import Any

from sde_core.encoders.settings import Settings

_ACTIVATION = "quick_gelu"


def twin_remarks(name: str, settings: Settings, *, said: bool) -> list[str]:
    """Return sentences on what is assumed of a checkpoint that was opened by the name of an architecture.

    Args:
        name: that open_clip knows.
        settings: with which the checkpoint is opened.
        said: whether the preprocessing stands beside the checkpoint.
    """
    remarks = []
    other = _twin_in_activation(name, settings.architecture)
    if other:
        own, its = (
            _activation(a)
            for a in (settings.architecture, {_ACTIVATION: not _is_quick(settings.architecture)})
        )
        remedy = f"its json with quick_gelu {str(its == 'QuickGELU').lower()}" if "/" in other else other
        remarks.append(
            f"{name} computes with {own}, its twin {other} with {its}, and weights do not tell which: open a "
            f"checkpoint that was trained from {other} by {remedy}"
        )
    if not said and (theirs := _other_preprocessing(name, settings.preprocessing)):
        tag, words = theirs
        remarks.append(
            f"nothing beside the checkpoint says how its pictures are prepared: open_clip's default is taken, while "
            f"{name}/{tag} was trained with {words}; an open_clip_config.json beside it can say so by preprocess_cfg"
        )
    return remarks


def _twin_in_activation(name: str, architecture: Mapping[str, Any]) -> str:
    """Return the architecture that differs in nothing but the activation, "" if there is none."""
    import open_clip

    plain = _without_activation(architecture)
    for other in open_clip.list_models():
        if other == name:
            continue
        config = open_clip.get_model_config(other)
        if config and _is_quick(config) != _is_quick(architecture) and _without_activation(config) == plain:
            return str(other)
    tags = _tags(name)
    quick = [tag for tag, config in tags.items() if bool(config.get(_ACTIVATION)) != _is_quick(architecture)]
    return f"{name}/{quick[0]}" if quick else ""


def _without_activation(architecture: Mapping[str, Any]) -> dict[str, Any]:
    hidden = (_ACTIVATION, "custom_text", "init_logit_bias")
    return {key: value for key, value in architecture.items() if key not in hidden}


def _is_quick(architecture: Mapping[str, Any]) -> bool:
    return bool(architecture.get(_ACTIVATION, False))


def _activation(architecture: Mapping[str, Any]) -> str:
    return "QuickGELU" if _is_quick(architecture) else "GELU"


def _other_preprocessing(name: str, preprocessing: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a published tag that prepares images in another way, and in which."""
    from dataclasses import asdict

    from open_clip.transform import PreprocessCfg

    keys = ("mean", "std", "interpolation", "resize_mode")
    own = asdict(PreprocessCfg()) | dict(preprocessing)
    for tag, config in _tags(name).items():
        differs = [key for key in keys if key in config and _value(config[key]) != _value(own[key])]
        if differs:
            return tag, ", ".join(f"{key} {config[key]}" for key in differs)
    return None


def _value(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else value


def _tags(name: str) -> dict[str, dict[str, Any]]:
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    return {tag: get_pretrained_cfg(name, tag) for tag in open_clip.list_pretrained_tags_by_model(name)}
