"""How strong the enhancement is over training: schedules, the curriculum factor alpha(t) and its config."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from sde_core.checks.brief import brief
from sde_core.checks.matrices import check_share
from sde_core.checks.settings import Help, Range, Share, check_settings, documented
from sde_core.errors import ConfigError

Schedule = Literal["cosine", "linear", "step", "constant"]
StrongMode = Literal["amplify", "noise", "adversarial", "off"]


def check_name(value: str, name: str, allowed: tuple[str, ...]) -> None:
    """Raise ConfigError unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")


@documented
@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumConfig:
    """How the enhancement treats each band and fades over training; every number is dimensionless.

    [P] one policy per band, all governed by alpha(t) in (0, 1): strong early, moderate, weak late.
    [R] the formulas and every default below.

    Raises:
        ConfigError: a value outside its range or an unknown name.
    """

    start: Annotated[float, Share, Help("alpha at the end of the warm-up")] = 0.5
    end: Annotated[float, Share, Help("alpha at the end of training")] = 0.05
    schedule: Annotated[Schedule, Help("from start to end; step takes start, middle and end in thirds")] = (
        "cosine"
    )
    warmup: Annotated[float, Share, Help("share of training over which alpha rises linearly from 0")] = 0.0
    rho: Annotated[
        float, Range(0.0, 1.0, low_open=True), Help("strength; no gain leaves 1 by more than rho alpha(t)")
    ] = 1.0
    strong: Annotated[
        StrongMode,
        Help("of analysis (amplify), random in training (noise), up the loss (adversarial) or off"),
    ] = "amplify"
    weak: Annotated[Literal["attenuate", "off"], Help("what the weak band gets")] = "attenuate"
    noise: Annotated[Literal["suppress", "off"], Help("what the noise band gets")] = "suppress"

    __repr__ = brief

    def __post_init__(self) -> None:
        check_settings(self)


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
