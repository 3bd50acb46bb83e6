"""One knob at a time around a tuned configuration."""

from collections.abc import Iterator, Mapping
from typing import Any

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
VARIANTS = {"sde": ("sde-centred",), "contrast": ("contrast-signal", "contrast-noise")}
"""Methods that differ from another one in a choice, not in a number."""


def neighbours(method: str, knobs: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (method, knobs) of every setting beside the tuned one, which comes first."""
    yield method, dict(knobs)
    for name, values in VALUES[method].items():
        for value in values:
            if value != knobs[name]:
                yield method, {**knobs, name: value}
    for variant in VARIANTS.get(method, ()):
        yield variant, dict(knobs)
