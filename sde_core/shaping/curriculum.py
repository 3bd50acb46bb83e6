"""How strong the enhancement is over training: schedules, the curriculum factor alpha(t) and its config."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from sde_core.checks.brief import brief
from sde_core.checks.matrices import check_share
from sde_core.errors import ConfigError

Schedule = Literal["cosine", "linear", "step", "constant"]
StrongMode = Literal["amplify", "noise", "adversarial", "off"]


def check_name(value: str, name: str, allowed: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumConfig:
    """How the enhancement treats each band and fades over training; every number is dimensionless.

    [P] one policy per band, all governed by alpha(t) in (0, 1): strong early, moderate, weak late.
    [R] the formulas and every default below.

    Attributes:
        start: alpha at the end of the warm-up, in [0, 1).
        end: alpha at the end of training, in [0, 1).
        schedule: "cosine" or "linear" from start to end, "step" (start, middle, end in thirds) or
            "constant" (start throughout).
        warmup: share of training, in [0, 1), over which alpha rises linearly from 0 to ``start``.
        rho: overall strength in (0, 1]; no gain ever leaves 1 by more than rho alpha(t).
        strong: "amplify" (deterministic, for analysis), "noise" (random, for training),
            "adversarial" (up the gradient of the loss), or "off".
        weak: "attenuate" or "off".
        noise: "suppress" or "off".

    Raises:
        ConfigError: a value outside its range or an unknown name.
    """

    start: float = 0.5
    end: float = 0.05
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    rho: float = 1.0
    strong: StrongMode = "amplify"
    weak: Literal["attenuate", "off"] = "attenuate"
    noise: Literal["suppress", "off"] = "suppress"

    __repr__ = brief

    def __post_init__(self) -> None:
        # Written as "not inside", so that NaN is refused too.
        for name in ("start", "end", "warmup"):
            value = getattr(self, name)
            if not 0.0 <= value < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {value}")
        if not 0.0 < self.rho <= 1.0:
            raise ConfigError(f"rho must lie in (0, 1]; got {self.rho}")
        check_name(self.schedule, "schedule", get_args(Schedule))
        check_name(self.strong, "strong", get_args(StrongMode))
        check_name(self.weak, "weak", ("attenuate", "off"))
        check_name(self.noise, "noise", ("suppress", "off"))


DEFAULT_CURRICULUM = CurriculumConfig()


def alpha(progress: float, config: CurriculumConfig = DEFAULT_CURRICULUM) -> float:
    """Return the curriculum factor at ``progress``.

    Args:
        progress: t, share of training done, in [0, 1].
        config: start, end, schedule and warm-up.

    Returns:
        alpha in [0, 1).

    Raises:
        ConfigError: ``progress`` outside [0, 1], NaN included.

    Source: docs/method.md, equations (3.2) and (3.3).

    >>> [round(alpha(t), 3) for t in (0.0, 0.5, 1.0)]
    [0.5, 0.275, 0.05]
    """
    return scheduled_value(
        progress, start=config.start, end=config.end, schedule=config.schedule, warmup=config.warmup
    )


def scheduled_value(
    progress: float, *, start: float, end: float, schedule: Schedule = "cosine", warmup: float = 0.0
) -> float:
    """Return the value at ``progress`` of a schedule from ``start`` to ``end``.

    Args:
        progress: t, share of training done, in [0, 1].
        start: value at the end of the warm-up.
        end: value at t = 1 ("constant" never gets there).
        schedule: name of the curve.
        warmup: share in [0, 1) over which the value rises linearly from 0 to ``start``.

    Raises:
        ConfigError: ``progress`` outside [0, 1] or an unknown schedule.

    Source: docs/method.md, equations (3.2) and (3.3).

    >>> scheduled_value(0.1, start=0.8, end=0.2, schedule="linear", warmup=0.2)
    0.4
    """
    t = check_share(progress, "progress")
    check_name(schedule, "schedule", get_args(Schedule))
    if t < warmup:
        return start * (t / warmup)
    u = (t - warmup) / (1 - warmup)
    match schedule:
        case "constant":
            share = 1.0
        case "linear":
            share = 1.0 - u
        case "step":
            share = 1.0 if u < 1 / 3 else 0.5 if u < 2 / 3 else 0.0
        case _:
            share = (1 + math.cos(math.pi * u)) / 2
    return share * start + (1 - share) * end


def step_bound(progress: float, next_progress: float, config: CurriculumConfig = DEFAULT_CURRICULUM) -> float:
    """Return rho |alpha(t2) - alpha(t1)|, the most the map may change between two moments of training.

    It bounds the spectral norm of A(t2) - A(t1) for the modes without chance ("amplify", "off") at one
    spectrum and partition.

    Args:
        progress: t1 in [0, 1].
        next_progress: t2 in [0, 1].
        config: the curriculum.

    Source: docs/method.md, equation (3.12).

    >>> round(step_bound(0.0, 1.0), 3)
    0.45
    """
    return config.rho * abs(alpha(next_progress, config) - alpha(progress, config))
