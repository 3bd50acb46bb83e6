"""One line about an object: the `repr` of everything public, as a notebook or a debugger shows it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any

LIMIT = 200  # characters of a whole line
_PART = 60  # of one value in it


def brief(thing: object, **facts: object) -> str:
    """Return ``Name(fact=value, ...)``, one line of at most 200 characters.

    Numbers stand with six digits, arrays with shape and type, what is long with its length. It is for people: two
    objects that differ may read alike, so no key is made of it.

    Args:
        thing: the object; without ``facts`` a dataclass, whose fields are shown where they are not at their default.
        facts: what to show in place of its fields.

    >>> from sde_core import CurriculumConfig
    >>> CurriculumConfig(start=1 / 3)
    CurriculumConfig(start=0.333333)
    """
    shown = facts.items() if facts else _fields(thing)
    name = type(thing).__name__
    room = LIMIT - len(name) - len("(, ...)")
    parts: list[str] = []
    for key, value in shown:
        part = f"{key}={shortly(value)}"
        if len(", ".join([*parts, part])) > room:
            parts.append("...")
            break
        parts.append(part)
    return f"{name}({', '.join(parts)})"


def shortly(value: Any) -> str:  # noqa: ANN401  # anything at all has a repr
    """Return a value in at most 60 characters, on one line."""
    if isinstance(value, Enum) and isinstance(value, str):
        value = value.value
    if isinstance(value, float):
        return f"{value:.6g}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        kind = str(value.dtype).removeprefix("torch.")
        return shortly(value.item()) if value.shape == () else f"{tuple(value.shape)} {kind}"
    if isinstance(value, Collection) and not isinstance(value, str | bytes) and not is_dataclass(value):
        return _collection(value)
    if isinstance(value, type) or (callable(value) and hasattr(value, "__name__")):
        return str(value.__name__)
    text = repr(value)
    if len(text) <= _PART and "\n" not in text:
        return text
    return f"{text[: _PART - 4]!s}...'" if isinstance(value, str) else f"{type(value).__name__}(...)"


def _collection(value: Collection[Any]) -> str:
    plain = list(value)
    if all(isinstance(item, str | int | float | None) for item in plain) and not isinstance(value, Mapping):
        text = f"({', '.join(map(shortly, plain))})"
        if len(text) <= _PART:
            return text
    return f"{len(plain):,} {'entries' if isinstance(value, Mapping) else 'items'}"


def _fields(thing: object) -> Iterator[tuple[str, object]]:
    for field in fields(thing):  # type: ignore[arg-type]  # a dataclass, by the caller's word
        value = getattr(thing, field.name)
        if field.repr and not field.name.startswith("_") and not _is_default(field, value):
            yield field.name, value


def _is_default(field: "Field[Any]", value: object) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    if default is MISSING or type(value) is not type(default) or hasattr(value, "shape"):
        return default is value
    return bool(value == default)
