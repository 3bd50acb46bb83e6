"""What all views share, as one typed value; the widgets that set it mirror it in the URL."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

# The options are the words that people see: Streamlit writes what it shows into the link.
Center = Literal["removed", "kept"]
Show = Literal["both", "image", "text"]
Unit = Literal["rank", "share"]
Scale = Literal["linear", "log"]
Schedule = Literal["cosine", "linear", "step", "constant"]
StrongMode = Literal["amplify", "noise", "adversarial"]
Transform = Literal["none", "enhanced", "pruned"]

FACTOR_RANGE = (0.1, 10.0)
"""A threshold as a multiple of the rule's own."""
RANGES = {
    "noise": FACTOR_RANGE,
    "strong": FACTOR_RANGE,
    "t": (0.0, 1.0),
    "rho": (0.05, 1.0),
    "alpha_start": (0.0, 0.95),
    "alpha_end": (0.0, 0.95),
    "warmup": (0.0, 0.9),
}
"""Least and largest value of every number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of the dashboard; each field is a URL parameter of the same name.

    Attributes:
        data: pairs that were encoded (a bundled set, or what was typed), or the folder of an embedding set.
        encoder: what encoded them, as `load_encoder` takes it.
        part: "column=value" filters; values of one column add up, columns narrow each other down.
        center: whether the mean is removed before the spectrum.
        rule: partition rule.
        noise: noise threshold as a multiple of the rule's, the same for both modalities.
        strong: strong threshold as a multiple of the rule's, the same for both modalities.
        show: modalities in the charts.
        unit: directions counted by rank, or as a share of all directions.
        xscale: scale of the horizontal axis.
        yscale: scale of the vertical axis.
        transform: what is done to the vectors: nothing, the gains at ``t``, or noise directions to 0.
        t: training progress.
        rho: overall strength of the gains.
        alpha_start: curriculum factor at the end of the warm-up.
        alpha_end: curriculum factor at the end of training.
        schedule: how alpha goes from start to end.
        warmup: share of training over which alpha rises from 0.
        strong_mode: what moves the strong band.
    """

    data: str = "emoji"
    encoder: str = "bundled"
    part: tuple[str, ...] = ()
    center: Center = "removed"
    rule: str = "mp-iqr"
    noise: float = 1.0
    strong: float = 1.0
    show: Show = "both"
    unit: Unit = "rank"
    xscale: Scale = "linear"
    yscale: Scale = "log"
    transform: Transform = "none"
    t: float = 0.0
    rho: float = 1.0
    alpha_start: float = 0.5
    alpha_end: float = 0.05
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    strong_mode: StrongMode = "amplify"

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities in the charts, image first."""
        return ("image", "text") if self.show == "both" else (self.show,)

    @property
    def is_moved(self) -> bool:
        """Whether a threshold differs from the rule's own."""
        return (self.noise, self.strong) != (1.0, 1.0)


DEFAULT = State()
_CHOICES: dict[str, tuple[str, ...]] = {
    "center": get_args(Center),
    "show": get_args(Show),
    "unit": get_args(Unit),
    "xscale": get_args(Scale),
    "yscale": get_args(Scale),
    "transform": get_args(Transform),
    "schedule": get_args(Schedule),
    "strong_mode": get_args(StrongMode),
}


def choices(name: str) -> tuple[str, ...]:
    """Return the options of a field that has a fixed list of them."""
    return _CHOICES[name]


def read_state(values: Mapping[str, Any]) -> State:
    """Return the state held in ``values``, such as Streamlit's session state; what is missing is default."""
    known = {f.name: values[f.name] for f in fields(State) if values.get(f.name) is not None}
    if "part" in known:
        known["part"] = tuple(known["part"])
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
        value = values[-1] if values else ""
        allowed = rules if name == "rule" else _CHOICES.get(name)
        if allowed and value not in allowed:
            problems.append(f"`{name}` must be one of {', '.join(allowed)}; the link says {value!r}.")
        if name in RANGES and not _is_within(value, RANGES[name]):
            low, high = RANGES[name]
            problems.append(f"`{name}` must lie in {low:g} to {high:g}; the link says {value!r}.")
    return problems


def linked_values(link: Mapping[str, Sequence[str]], rules: tuple[str, ...]) -> dict[str, Any]:
    """Return the usable values of a link by field, typed; wild ones are left out.

    Args:
        link: parameters of the URL, each with its values.
        rules: names of the partition rules.
    """
    found: dict[str, Any] = {}
    for field in fields(State):
        values = link.get(field.name)
        if not values or wild_parameters({field.name: values}, rules):
            continue
        default = getattr(DEFAULT, field.name)
        found[field.name] = tuple(values) if isinstance(default, tuple) else type(default)(values[-1])
    return found


def link_of(state: State) -> dict[str, list[str]]:
    """Return the URL parameters of a state; defaults are left out, so that a link says what is special."""
    link = {}
    for field in fields(State):
        value = getattr(state, field.name)
        if value != getattr(DEFAULT, field.name):
            link[field.name] = [str(v) for v in value] if isinstance(value, tuple) else [str(value)]
    return link


def _is_within(text: str, limits: tuple[float, float]) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and limits[0] <= value <= limits[1]
