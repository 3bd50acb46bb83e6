"""The options of `sde finetune`: a training's settings, each under its own name."""

import argparse
import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sde_core.cli.options import add_settings_of, given_settings
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from sde_core.training import FinetuneConfig, LossConfig

_Config = TypeVar("_Config")
_LOSS = {"name": "loss"}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting; what is not given stays out of the namespace."""
    from sde_core.training import FinetuneConfig, LossConfig

    group = parser.add_argument_group("training", "every setting of sde_core.FinetuneConfig")
    add_settings_of(group, LossConfig, shown=_LOSS)
    add_settings_of(group, FinetuneConfig)
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

    given = given_settings(options, FinetuneConfig)
    start = before or FinetuneConfig()
    return replace(start, loss=_chosen_loss(options, start.loss), **given)


def _chosen_loss(options: argparse.Namespace, before: "LossConfig") -> "LossConfig":
    given = given_settings(options, type(before), shown=_LOSS)
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
