"""One knob at a time around a tuned configuration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.evidence.tuning import SHARED

SEEDS = (2000, 2001, 2002)
_BATCH = (64, 128, 256, 512, 1024)
VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "contrast": {
        "weight": (0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
        "tau_c": (0.025, 0.05, 0.1, 0.2, 0.4),
        "batch": _BATCH,
    },
    "sde": {
        "alpha": (0.1, 0.2, 0.5, 0.8),
        "rho": (0.25, 0.5, 1.0),
        "lambda": (0.1, 0.3, 1.0, 3.0, 10.0),
        "k": (4, 8, 16, 32, 64),
        "batch": _BATCH,
    },
    "infonce": {"batch": _BATCH},
}
"""Method -> knob -> values."""
VARIANTS = {
    "sde": {"centring": {"none": "sde", "mean": "sde-centred"}},
    "contrast": {"band": {"all": "contrast", "signal": "contrast-signal", "noise": "contrast-noise"}},
}
"""Method -> what can be chosen about it -> the methods that are the choices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A configuration beside a tuned one.

    Attributes:
        turned: knob that differs, "" for the tuned one itself.
        value: of that knob.
        method: that runs.
        knobs: all of them.
    """

    turned: str
    value: Any
    method: str
    knobs: dict[str, Any]


def settings(
    method: str, knobs: Mapping[str, Any], values_of: Mapping[str, Sequence[Any]] | None = None
) -> Iterator[Setting]:
    """Yield the tuned configuration, then every one that differs from it in one knob or choice.

    Args:
        method: of `VALUES`.
        knobs: the tuned configuration.
        values_of: knob -> values; None takes those of `VALUES`.
    """
    yield Setting(turned="", value=None, method=method, knobs=dict(knobs))
    for name, values in (values_of or VALUES[method]).items():
        for value in values:
            if value != knobs[name]:
                yield Setting(turned=name, value=value, method=method, knobs={**knobs, name: value})
    for name, choices in VARIANTS.get(method, {}).items():
        for value, variant in choices.items():
            if variant != method:
                yield Setting(turned=name, value=value, method=variant, knobs=dict(knobs))


Point = tuple[Any, float, float]
"""(value, mean difference to the tuned setting in points, standard error over seeds)."""


def measured(
    runs: Sequence[Mapping[str, Any]], tuned: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, list[Point]]]:
    """Return method -> knob -> points in the order of the values, for what has run, the shared knobs included.

    Args:
        runs: of the sensitivity stage and of the searches, one a setting and seed.
        tuned: configuration by method.
    """
    found: dict[str, dict[str, list[Point]]] = {}
    for method in (name for name in VALUES if name in tuned):
        shared = {name: values for name, values in SHARED.items() if name != "batch"}
        values_of = {**VALUES[method], **shared}
        every = {(s.turned, s.value): _scores(runs, s) for s in settings(method, tuned[method], values_of)}
        center = every["", None]
        knobs = {**values_of, **{k: tuple(v) for k, v in VARIANTS.get(method, {}).items()}}
        found[method] = {}
        for name, values in knobs.items():
            scores = {value: every.get((name, value), center) for value in values}
            points = [(v, *_against(x, center)) for v, x in scores.items() if x.keys() & center.keys()]
            if len(points) > 1:
                found[method][name] = points
    return {method: knobs for method, knobs in found.items() if knobs}


def _scores(runs: Sequence[Mapping[str, Any]], setting: Setting) -> dict[int, float]:
    return {
        run["seed"]: run["val"]
        for run in runs
        if run["method"] == setting.method and run["knobs"] == setting.knobs
    }


def _against(values: Mapping[int, float], center: Mapping[int, float]) -> tuple[float, float]:
    steps = [100 * (values[seed] - center[seed]) for seed in values if seed in center]
    error = float(np.std(steps, ddof=1) / len(steps) ** 0.5) if len(steps) > 1 else 0.0
    return float(np.mean(steps)), error
