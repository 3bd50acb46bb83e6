"""Settings that say their own limits: the annotations of a dataclass give its check and its help."""

import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from sde_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Range:
    """A number from ``low`` to ``high``; an end that is open does not count.

    Infinity never counts, so that a range without an upper end asks for a finite number.
    """

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: float) -> bool:
        """Return whether ``value`` lies inside; NaN does not."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open or self.high == math.inf else value <= self.high
        return above and below

    def words(self, *, whole: bool) -> str:
        """Return what a value must do, as in "must be at least 1"."""
        if self.high < math.inf:
            left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
            return f"lie in {left}{self.low:g}, {self.high:g}{right}"
        least = f"above {self.low:g}" if self.low_open else f"at least {self.low:g}"
        return f"be {least}" if whole else f"be finite and {least}"


@dataclass(frozen=True, slots=True)
class Help:
    """What a setting is, in a few words."""

    words: str


Weight = Range(0.0)
Positive = Range(0.0, low_open=True)
Share = Range(0.0, 1.0, high_open=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """A field as its annotation declares it.

    Attributes:
        name: of the field.
        kind: float, int, bool or str; None for what is checked elsewhere.
        choices: allowed values, or () for any.
        range: of a number, or None.
        help: in a few words, or "".
        default: value without a word; MISSING where there is none.
        optional: whether None is allowed.
    """

    name: str
    kind: type | None
    choices: tuple[Any, ...]
    range: Range | None
    help: str
    default: Any
    optional: bool

    def check(self, value: Any, shown: str) -> None:  # noqa: ANN401
        """Raise ConfigError unless the field may hold ``value``; ``shown`` is its name in the sentence."""
        if value is None and self.optional:
            return
        if self.choices and value not in self.choices:
            names = ("None", *self.choices) if self.optional else self.choices
            raise ConfigError(f"{shown} must be one of {', '.join(map(str, names))}; got {value!r}")
        if self.range is not None and not self.range.holds(value):
            raise ConfigError(f"{shown} must {self.range.words(whole=self.kind is int)}; got {value}")

    @property
    def limits(self) -> str:
        """What it may be, in words; empty where anything goes."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return "" if self.range is None else f"must {self.range.words(whole=self.kind is int)}"


@cache
def settings_of(cls: type) -> tuple[Setting, ...]:
    """Return the fields of a dataclass with what their annotations say, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_setting(f.name, hints[f.name], _default(f)) for f in fields(cls))


def check_settings(value: Any, shown: Callable[[str], str] = str) -> None:  # noqa: ANN401
    """Check every field of a dataclass against its annotation.

    Args:
        value: the dataclass.
        shown: name of a field -> its name in the sentence.

    Raises:
        ConfigError: the first value outside its limits.
    """
    kind: Any = type(value)
    for setting in settings_of(kind):
        setting.check(getattr(value, setting.name), shown(setting.name))


def _default(field: Any) -> Any:  # noqa: ANN401
    return field.default if field.default_factory is MISSING else field.default_factory()


def _setting(name: str, hint: Any, default: Any) -> Setting:  # noqa: ANN401
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        notes = tuple(rest)
    arms = () if get_origin(hint) is Literal else get_args(hint)
    optional = NoneType in arms
    if optional:
        (hint, *others) = (arm for arm in arms if arm is not NoneType)
        hint = None if others else hint
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    return Setting(
        name=name,
        kind=str if choices else hint if hint in (float, int, bool, str) else None,
        choices=choices,
        range=next((x for x in notes if isinstance(x, Range)), None),
        help=next((x.words for x in notes if isinstance(x, Help)), ""),
        default=default,
        optional=optional,
    )
