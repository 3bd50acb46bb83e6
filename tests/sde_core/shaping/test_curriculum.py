"""How the enhancement fades: bounds, known moments, steps."""

import itertools
import math

import pytest
from hypothesis import given

from sde_core.errors import ConfigError
from sde_core.shaping.curriculum import CurriculumConfig, alpha, scheduled_value, step_bound
from tests.sde_core.shaping.spaces import LAWS, configs, shares


@LAWS
@given(config=configs, t=shares)
def test_alpha_stays_between_zero_and_its_ends(config, t):
    value = alpha(t, config)
    low = 0.0 if t < config.warmup else min(config.start, config.end)
    # one rounding of a convex combination of numbers below 1
    assert low - 1e-15 <= value <= max(config.start, config.end) + 1e-15


def test_schedules_at_known_moments():
    ends = {"start": 0.8, "end": 0.2}
    moments = {"cosine": [0.8, 0.5, 0.2], "linear": [0.8, 0.5, 0.2], "step": [0.8, 0.5, 0.2]}
    moments["constant"] = [0.8, 0.8, 0.8]
    for schedule, expected in moments.items():
        got = [scheduled_value(t, schedule=schedule, **ends) for t in (0.0, 0.5, 1.0)]
        assert got == pytest.approx(expected, rel=1e-14)
    assert scheduled_value(0.25, schedule="cosine", **ends) == pytest.approx(0.5 + 0.3 * math.sqrt(0.5))
    assert scheduled_value(0.25, schedule="linear", **ends) == pytest.approx(0.65)
    thirds = [scheduled_value(t, schedule="step", **ends) for t in (0.33, 0.34, 0.66, 0.67)]
    assert thirds == pytest.approx([0.8, 0.5, 0.5, 0.2])


def test_each_curve_runs_over_what_the_warm_up_leaves():
    ends = {"start": 0.8, "end": 0.2, "warmup": 0.4}
    expected = {"linear": 0.65, "cosine": 0.5 + 0.3 * math.sqrt(0.5), "constant": 0.8, "step": 0.8}
    for schedule, value in expected.items():
        assert scheduled_value(0.55, schedule=schedule, **ends) == pytest.approx(value, rel=1e-12), schedule
    assert scheduled_value(0.1, schedule="step", **ends) == pytest.approx(0.2, rel=1e-12)
    # A third falls into the second stair, two thirds into the last.
    stairs = [scheduled_value(t / 3, start=0.8, end=0.2, schedule="step") for t in range(4)]
    assert stairs == pytest.approx([0.8, 0.5, 0.2, 0.2], rel=1e-12)


def test_settings_at_their_ends_are_taken():
    config = CurriculumConfig(start=0.0, end=0.0, warmup=0.0, rho=1.0)
    assert alpha(0.3, config) == 0.0


def test_the_step_bound_is_rho_times_the_change_of_alpha():
    config = CurriculumConfig(rho=0.5)
    assert step_bound(0.0, 1.0, config) == step_bound(1.0, 0.0, config) == pytest.approx(0.5 * 0.45)


def test_warm_up_rises_from_zero_and_hands_over_without_a_jump():
    config = CurriculumConfig(warmup=0.2)
    assert alpha(0.0, config) == 0.0
    assert alpha(0.1, config) == pytest.approx(0.25)
    assert alpha(0.2, config) == pytest.approx(0.5)
    assert alpha(1.0, config) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("field", "value"),
    [*itertools.product(("start", "end", "warmup"), (1.0, 1.5, -0.1, math.nan)),
     *itertools.product(("rho",), (0.0, -1.0, 1.1, 2.0, math.nan)),
     ("schedule", "sine"), ("strong", "loud"), ("weak", "amplify"), ("noise", "prune")],
)  # fmt: skip
def test_curriculum_config_names_the_field_that_is_wrong(field, value):
    with pytest.raises(ConfigError, match=f"{field} must"):
        CurriculumConfig(**{field: value})
    with pytest.raises(ConfigError, match="schedule must be one of cosine, linear, step, constant"):
        scheduled_value(0.0, start=1.0, end=0.0, schedule="sine")
