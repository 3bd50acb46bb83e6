"""The state of the dashboard as one typed value: what each view declares in its own ``state.py``, together.

The annotation of a field says which values are good (a `Literal`, a `Range`, `Numbers`). Reading, checking and writing
the link follow from that. A function takes the part that it reads; the whole is for pages, links and the tour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import quote

from sde_core.checks.settings import Setting, settings_of
from sde_explorer.data.state import DataState
from sde_explorer.retrieval.state import RetrievalState
from sde_explorer.search.state import SearchState
from sde_explorer.share.state import ShareState
from sde_explorer.shared_state import SharedState
from sde_explorer.url_values import MOST_LETTERS, Numbers, Place, numbers_as_text, wrong_number


@dataclass(frozen=True, kw_only=True)
class State(ShareState, RetrievalState, SearchState, DataState):
    """The state of the dashboard; each field is a URL parameter of the same name."""


DEFAULT = State()


def _settings(part: type[SharedState] = State) -> dict[str, Setting]:
    kind: Any = part
    return {setting.name: setting for setting in settings_of(kind)}


RANGES = {name: (kind.range.low, kind.range.high) for name, kind in _settings().items() if kind.range}
"""Least and largest value of every number."""


ALL_OF_IT = "all"
"""Value of `part` in an address that says nothing else: the whole set. An empty address opens what a visit begins with,
which may be a part."""


PLACES = frozenset(name for name, kind in _settings().items() if kind.note(Place))
"""Fields that may hold a path of the server."""


def choices(name: str) -> tuple[str, ...]:
    """Return the options of a field that has a fixed list of them."""
    return _settings()[name].choices


def selections() -> dict[str, tuple[int, ...]]:
    """Return the fields that are selections, empty: what to set when the rows that they count are others."""
    return {name: () for name, kind in _settings().items() if kind.note(Numbers)}


def read_state(values: Mapping[str, Any]) -> State:
    """Return the state held in ``values``, such as Streamlit's session state; what is missing is default."""
    known = {f.name: values[f.name] for f in fields(State) if values.get(f.name) is not None}
    for name, value in known.items():
        if isinstance(getattr(DEFAULT, name), tuple):
            known[name] = tuple(value)
    return replace(DEFAULT, **known)


def wild_parameters(link: Mapping[str, Sequence[str]], rules: tuple[str, ...]) -> list[str]:
    """Return one sentence for each URL parameter whose value cannot be used.

    Data, encoder and part are judged when the data is opened.

    Args:
        link: parameters of the URL, each with its values.
        rules: names of the partition rules.
    """
    problems = []
    for name, values in link.items():
        kind, value = _settings().get(name), values[-1] if values else ""
        if kind is None:
            continue
        wrong = _what_is_wrong(kind, value, rules if name == "rule" else kind.choices)
        if wrong:
            # A long value would push the page away; its beginning says which one it is.
            shown = value if len(value) <= 60 else f"{value[:60]}…"
            problems.append(f"`{name}` {wrong}; the link says {shown!r}.")
    return problems


def _what_is_wrong(kind: Setting, value: str, options: tuple[str, ...]) -> str:
    if options:
        return "" if value in options else f"must be one of {', '.join(options)}"
    if kind.range:
        return wrong_number(value, kind.range, whole=kind.kind is int)
    numbers = kind.note(Numbers)
    return numbers.wrong(value) if numbers else ""


def linked_values(link: Mapping[str, Sequence[str]], rules: tuple[str, ...]) -> dict[str, Any]:
    """Return the usable values of a link by field, typed; wild ones are left out.

    Args:
        link: parameters of the URL, each with its values.
        rules: names of the partition rules.
    """
    found: dict[str, Any] = {}
    for name, kind in _settings().items():
        values = link.get(name)
        if not values or wild_parameters({name: values}, rules):
            continue
        numbers = kind.note(Numbers)
        if name == "part" and list(values) == [ALL_OF_IT]:
            found[name] = ()
        elif numbers:
            found[name] = numbers.read(values[-1])
        else:  # a tuple of texts is checked elsewhere
            found[name] = kind.kind(values[-1]) if kind.kind else tuple(values)
    return found


def link_of(state: SharedState) -> dict[str, list[str]]:
    """Return the URL parameters of a state or a part of it; a link says what is special, no defaults."""
    link = {}
    for name, kind in _settings(type(state)).items():
        value = getattr(state, name)
        if value == getattr(DEFAULT, name) or _is_too_long(kind, value):
            continue
        if kind.note(Numbers):
            link[name] = [numbers_as_text(value)]
        else:
            link[name] = [str(v) for v in value] if isinstance(value, tuple) else [str(value)]
    return link


def left_out(state: SharedState) -> list[str]:
    """Return one sentence for each field that is too long for a link."""
    return [
        f"`{name}` holds {len(getattr(state, name)):,} {'numbers' if kind.note(Numbers) else 'characters'}, more than "
        "a link can carry: they stay in this browser tab, and the link opens without them."
        for name, kind in _settings(type(state)).items()
        if _is_too_long(kind, getattr(state, name))
    ]


def _is_too_long(kind: Setting, value: Any) -> bool:  # noqa: ANN401  (any field's)
    if kind.kind is str and not kind.choices:
        return len(quote(value, errors="replace")) > MOST_LETTERS
    return kind.note(Numbers) is not None and len(numbers_as_text(value)) > MOST_LETTERS
