"""Settings that say their own limits: a dataclass's annotations give its check, help, options and plain form.

Not pydantic, jsonargparse or tyro: each gives some of these, none all of them and the dashboard's links from one
annotation, with errors in the words of this library.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from numbers import Integral
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from sde_core.errors import ConfigError

_T = TypeVar("_T")


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
            return f"lie in {left}{_short(self.low)}, {_short(self.high)}{right}"
        least = f"{'above' if self.low_open else 'at least'} {_short(self.low)}"
        return (
            f"be a whole number {'' if self.low_open else 'of '}{least}"
            if whole
            else f"be finite and {least}"
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """A name among those that are known when it is checked, such as a registered rule's."""

    names: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Help:
    """What a setting is, in a few words."""

    words: str


Weight = Range(0.0)
Positive = Range(0.0, low_open=True)
Share = Range(0.0, 1.0, high_open=True)
Probability = Range(0.0, 1.0, low_open=True, high_open=True)


@dataclass(frozen=True, slots=True)
class Setting:
    """A field as its annotation declares it.

    Attributes:
        name: of the field.
        kind: float, int, bool or str; None for what is checked elsewhere.
        choices: allowed values, or () for any.
        range: of a number, or None.
        names: gives the allowed names, or None.
        help: in a few words, or "".
        default: value without a word; MISSING where there is none.
        optional: whether None is allowed.
        notes: all that the annotation holds.
    """

    name: str
    kind: type | None
    choices: tuple[Any, ...]
    range: Range | None
    names: Callable[[], Sequence[str]] | None
    help: str
    default: Any
    optional: bool
    notes: tuple[Any, ...]

    def note(self, kind: type[_T]) -> _T | None:
        """Return the note of a kind, or None."""
        return next((note for note in self.notes if isinstance(note, kind)), None)

    def check(self, value: Any, shown: str) -> None:  # noqa: ANN401
        """Raise ConfigError unless the field may hold ``value``; ``shown`` is its name in the sentence."""
        if value is None and self.optional:
            return
        choices = self.choices or tuple(self.names() if self.names else ())
        if choices and value not in choices:
            names = ("None", *choices) if self.optional else choices
            raise ConfigError(f"{shown} must be one of {', '.join(map(str, names))}; got {value!r}")
        if self.range is None:
            return
        is_wrong_kind = self.kind is int and not isinstance(value, Integral)
        if is_wrong_kind or not self.range.holds(value):
            raise ConfigError(f"{shown} must {self.range.words(whole=self.kind is int)}; got {value!r}")

    @property
    def limits(self) -> str:
        """What it may be, in words; empty where anything goes."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return "" if self.range is None else f"must {self.range.words(whole=self.kind is int)}"

    @property
    def words(self) -> str:
        """What it is and may be."""
        return "; ".join(filter(None, (self.help, self.limits)))

    @property
    def option_help(self) -> str:
        """What it is, and its default where that is a value."""
        shown = f"{self.default:g}" if isinstance(self.default, float) else self.default
        default = "" if self.default in (None, "") else f"default: {shown}"
        return "; ".join(filter(None, (self.help, default))).replace("%", "%%")


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


def documented(cls: type[_T]) -> type[_T]:
    """Add what the annotations of a dataclass say to its docstring; a decorator."""
    lines = (f"        {s.name}: {s.words}." for s in settings_of(cls) if s.help)  # type: ignore[arg-type]
    cls.__doc__ = f"{(cls.__doc__ or '').rstrip()}\n\n    Attributes:\n" + "\n".join(lines) + "\n    "
    return cls


def to_plain(value: Any) -> Any:  # noqa: ANN401
    """Return settings as nested dictionaries that JSON takes."""
    if not is_dataclass(value):
        return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value
    flat: Mapping[str, Any] = (
        value.flat() if hasattr(value, "flat") else {f.name: getattr(value, f.name) for f in fields(value)}
    )
    return {name: to_plain(each) for name, each in flat.items()}


def from_plain(cls: type[_T], plain: Mapping[str, Any]) -> _T:
    """Return the settings that `to_plain` gave; what is missing takes its default.

    Raises:
        ConfigError: a value outside its range.
        TypeError: not such a dictionary.
    """
    values, hints = dict(plain), get_type_hints(cls)
    for field in fields(cls):  # type: ignore[arg-type]
        hint, value = hints[field.name], values.get(field.name)
        nested = next((arm for arm in (hint, *get_args(hint)) if is_dataclass(arm)), None)
        if isinstance(nested, type) and isinstance(value, Mapping):
            values[field.name] = from_plain(nested, value)
    return cls(**values)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:g}".replace("e-0", "e-")


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
        names=next((x.names for x in notes if isinstance(x, OneOf)), None),
        help=next((x.words for x in notes if isinstance(x, Help)), ""),
        default=default,
        optional=optional,
        notes=notes,
    )
