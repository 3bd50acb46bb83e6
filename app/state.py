"""What all views share, as one typed value; the widgets that set it mirror it in the URL."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

Center = Literal["mean", "none"]
Show = Literal["both", "image", "text"]

FACTOR_RANGE = (0.1, 10.0)
"""A threshold as a multiple of the rule's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of the dashboard; each field is a URL parameter of the same name.

    Attributes:
        data: bundled set or folder of an embedding set.
        split: "all", or one value of the set's `split` column.
        center: whether the mean is taken off before the spectrum.
        rule: partition rule.
        noise: noise threshold as a multiple of the rule's, the same for both modalities.
        strong: strong threshold as a multiple of the rule's, the same for both modalities.
        show: modalities in the charts.
        logx: logarithmic rank axis.
        logy: logarithmic value axis.
    """

    data: str = "emoji"
    split: str = "all"
    center: Center = "mean"
    rule: str = "mp-iqr"
    noise: float = 1.0
    strong: float = 1.0
    show: Show = "both"
    logx: bool = False
    logy: bool = True

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities in the charts, image first."""
        return ("image", "text") if self.show == "both" else (self.show,)

    @property
    def is_moved(self) -> bool:
        """Whether a threshold differs from the rule's own."""
        return (self.noise, self.strong) != (1.0, 1.0)


DEFAULT = State()


def read_state(values: Mapping[str, Any]) -> State:
    """Return the state held in ``values``, such as Streamlit's session state; what is missing is default."""
    known = {f.name: values[f.name] for f in fields(State) if values.get(f.name) is not None}
    return replace(DEFAULT, **known)


def wild_parameters(parameters: Mapping[str, str], rules: tuple[str, ...]) -> list[str]:
    """Return one sentence for each URL parameter whose value cannot be used.

    Args:
        parameters: of the URL.
        rules: names of the partition rules.
    """
    allowed: dict[str, tuple[str, ...]] = {
        "center": get_args(Center),
        "show": get_args(Show),
        "logx": ("true", "false"),
        "logy": ("true", "false"),
        "rule": rules,
    }
    problems = []
    for name, value in parameters.items():
        if name in allowed and value not in allowed[name]:
            problems.append(f"`{name}` must be one of {', '.join(allowed[name])}; the link says {value!r}.")
        if name in ("noise", "strong") and not _is_factor(value):
            low, high = FACTOR_RANGE
            problems.append(f"`{name}` must lie in {low:g} to {high:g}; the link says {value!r}.")
    return problems


def linked_values(parameters: Mapping[str, str], rules: tuple[str, ...]) -> dict[str, Any]:
    """Return the usable values of a link by field, typed; wild ones are left out.

    Args:
        parameters: of the URL.
        rules: names of the partition rules.
    """
    values: dict[str, Any] = {}
    for field in fields(State):
        text = parameters.get(field.name)
        if text is None or wild_parameters({field.name: text}, rules):
            continue
        default = getattr(DEFAULT, field.name)
        kind = type(default)
        values[field.name] = text == "true" if kind is bool else kind(text)
    return values


def _is_factor(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and FACTOR_RANGE[0] <= value <= FACTOR_RANGE[1]
