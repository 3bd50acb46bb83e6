"""The options of `sde finetune`: a training's settings, each under its own name."""

import argparse
import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.training import FinetuneConfig, LossConfig

_NUMBER = "N"
_Config = TypeVar("_Config")

# name -> (type, choices, help); FinetuneConfig says more.
_SETTINGS: dict[str, tuple[Callable[[str], Any], tuple[str, ...] | None, str]] = {
    "train": (str, ("adapter", "heads", "last-block", "full"), "what is trained; default: adapter"),
    "epochs": (int, None, "passes over the training pairs; default: 20"),
    "steps": (int, None, "optimiser steps instead of epochs"),
    "seconds": (float, None, "about how long to train instead of epochs"),
    "batch_size": (
        int,
        None,
        "pairs that contrast, over all devices together; default: 512, or all there are",
    ),
    "accumulate": (int, None, "parts in which a batch passes the model; default: 1"),
    "learning_rate": (float, None, "peak; default: the usual one of --train"),
    "weight_decay": (float, None, "AdamW's; default: 0.1"),
    "warmup": (float, None, "share of the steps with a rising rate; default: 0.1"),
    "clip_norm": (float, None, "largest norm of the gradient; default: 1"),
    "precision": (str, ("fp32", "bf16", "fp16"), "default: fp32"),
    "unlocked_groups": (int, None, "groups of each tower that last-block trains; default: 2"),
    "lora_rank": (int, None, "rank of low-rank changes of the towers; default: 0, none"),
    "captions": (str, ("sampled", "primary"), "default: sampled"),
    "duplicates": (str, ("skipped", "negatives"), "pairs of one meaning in a batch; default: skipped"),
    "concept": (str, None, "metadata column whose equal values mean the same"),
    "temperature": (float, None, "of an adapter at the start; default: 0.07"),
    "data_seed": (int, None, "of order and captions; default: 0"),
    "noise_seed": (int, None, "of the losses' noise; default: 0"),
    "init_seed": (int, None, "of low-rank changes; default: 0"),
    "val_share": (float, None, "held out where the metadata has no val split; default: 0.1"),
    "split_seed": (int, None, "of that hold-out; default: 0"),
    "evaluate_every": (int, None, "steps between looks and checkpoints; default: a 20th of all"),
    "patience": (int, None, "looks without a better score before an early stop"),
    "rule": (str, None, "partition rule of the spectra shown; default: mp-iqr"),
    "when_disk_full": (str, ("stop", "continue"), "default: stop"),
    "device": (str, None, '"auto", "cpu", "cuda" or "cuda:N"; default: auto, under torchrun the own GPU'),
    "workers": (int, None, "threads that read pictures; default: 2"),
}
_LOSS: dict[str, tuple[Callable[[str], Any], tuple[str, ...] | None, str]] = {
    "loss": (str, ("infonce", "siglip", "sde", "fanoise", "barlow", "vicreg"), "default: infonce"),
    "base": (str, ("infonce", "siglip"), "contrastive loss under sde, fanoise, barlow, vicreg"),
    "rho": (float, None, "noise of fanoise; default: 0.1"),
    "weight": (float, None, "of barlow's or vicreg's term; default: 0.01"),
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting; what is not given stays out of the namespace."""
    group = parser.add_argument_group("training", "every setting of sde_core.FinetuneConfig")
    for name, (kind, choices, words) in {**_LOSS, **_SETTINGS}.items():
        shown = None if choices else ("NAME" if kind is str else _NUMBER)
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            choices=choices,
            metavar=shown,
            default=argparse.SUPPRESS,
            help=words,
        )
    group.add_argument(
        "--preset",
        choices=tuple(_PRESETS),
        default=argparse.SUPPRESS,
        help="trains with sde and starts its fields from SDELossConfig.paper(), .recommended() or "
        ".recommended(from_scratch=True), which docs/results.md compares with InfoNCE",
    )
    for name, what in (("sde", "SDELossConfig"), ("curriculum", "CurriculumConfig, the enhancement of sde")):
        group.add_argument(
            f"--{name}",
            nargs="+",
            metavar="FIELD=VALUE",
            default=argparse.SUPPRESS,
            help=f"fields of {what}, such as {_EXAMPLES[name]}",
        )


_PRESETS: dict[str, tuple[str, dict[str, bool]]] = {
    "paper": ("paper", {}),
    "recommended": ("recommended", {}),
    "recommended-scratch": ("recommended", {"from_scratch": True}),
}
"""Name of a preset -> method of SDELossConfig and its arguments."""
_EXAMPLES = {"sde": "component_contrast=1 subspace=0", "curriculum": "start=0.3 strong=amplify"}


def chosen_config(options: argparse.Namespace, before: "FinetuneConfig | None") -> "FinetuneConfig":
    """Return ``before``, or the defaults, with what was given.

    Raises:
        ConfigError: a value outside its range or an unknown field.
    """
    from sde_core.training import FinetuneConfig

    given = {name: getattr(options, name) for name in _SETTINGS if hasattr(options, name)}
    start = before or FinetuneConfig()
    return replace(start, loss=_chosen_loss(options, start.loss), **given)


def _chosen_loss(options: argparse.Namespace, before: "LossConfig") -> "LossConfig":
    given = {name: getattr(options, name) for name in _LOSS if hasattr(options, name)}
    if "loss" in given:
        given["name"] = given.pop("loss")
    sde = before.sde
    if hasattr(options, "preset"):
        from sde_core.losses.config import SDELossConfig

        method, arguments = _PRESETS[options.preset]
        sde = getattr(SDELossConfig, method)(**arguments)
        given.setdefault("name", "sde")
    if hasattr(options, "sde"):
        sde = _replaced(sde, options.sde, "sde")
    if hasattr(options, "curriculum"):
        from sde_core.shaping.curriculum import CurriculumConfig

        start = sde.enhancement or CurriculumConfig(strong="noise")
        sde = replace(sde, enhancement=_replaced(start, options.curriculum, "curriculum"))
    return replace(before, sde=sde, **given)


def _replaced(config: _Config, words: list[str], option: str) -> _Config:
    try:
        return replace(config, **_assigned(words, config, option))  # type: ignore[type-var]
    except TypeError as error:  # text where a number belongs
        raise ConfigError(f"--{option} must give each field a value of its kind: {error}") from None


def _assigned(words: list[str], target: object, option: str) -> dict[str, Any]:
    """Return {field: value} of words such as "subspace=0"; values are read as JSON, else as text."""
    known = [name for name in _names_of(target) if name != "enhancement"]
    found: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or name not in known:
            if name == "enhancement" and text == "none":
                found[name] = None
                continue
            raise ConfigError(f"--{option} must be FIELD=VALUE with one of {', '.join(known)}; got {word!r}")
        try:
            found[name] = json.loads(text)
        except json.JSONDecodeError:
            found[name] = None if text == "none" else text
    return found


def _names_of(target: object) -> list[str]:
    from sde_core.losses.config import SDELossConfig, keywords

    if isinstance(target, SDELossConfig):
        return list(keywords())
    return [f.name for f in fields(target)]  # type: ignore[arg-type]
