"""Settings that say their own limits: what a range holds, what it says, and what a field refuses."""

import math
from dataclasses import MISSING, dataclass, field
from typing import Annotated, Literal

import pytest

from sde_core.checks.settings import Help, Range, check_settings, settings_of
from sde_core.errors import ConfigError


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        (Range(), (-1e300, 0.0, 1e300), (math.inf, math.nan)),
        (Range(0.0), (0.0, 5.0), (-1e-9, math.inf, math.nan)),
        (Range(0.0, low_open=True), (1e-300, 3.0), (0.0, -1.0, math.inf)),
        (Range(0.0, 1.0), (0.0, 0.5, 1.0), (-0.1, 1.1, math.nan)),
        (Range(0.0, 1.0, high_open=True), (0.0, 0.999), (1.0, 2.0)),
        (Range(0.0, 1.0, low_open=True, high_open=True), (0.5,), (0.0, 1.0)),
    ],
)
def test_a_range_holds_what_lies_inside_and_its_closed_ends(limits, inside, outside):
    assert [limits.holds(value) for value in inside] == [True] * len(inside)
    assert [limits.holds(value) for value in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("limits", "whole", "words"),
    [
        (Range(0.0), False, "be finite and at least 0"),
        (Range(1), True, "be a whole number of at least 1"),
        (Range(0.0, low_open=True), False, "be finite and above 0"),
        (Range(0, low_open=True), True, "be a whole number above 0"),
        (Range(0.0, 1.0), False, "lie in [0, 1]"),
        (Range(0.0, 1.0, high_open=True), True, "lie in [0, 1)"),
        (Range(0.25, 1.5, low_open=True), False, "lie in (0.25, 1.5]"),
    ],
)
def test_a_range_says_what_a_value_must_do(limits, whole, words):
    assert limits.words(whole=whole) == words


@dataclass(frozen=True)
class Knobs:
    """One field of every kind."""

    steps: Annotated[int, Range(1), Help("how many")]
    weight: Annotated[float, Range(0.0, 2.0)] = 0.5
    mode: Literal["a", "b"] = "a"
    rank: Annotated[int | None, Range(1)] = None
    way: Literal["x", "y"] | None = None
    deep: bool = False
    free: dict[str, int] = field(default_factory=dict)
    either: int | str | None = None


def test_fields_are_read_off_the_annotations():
    # name, kind, choices, range, help, default, optional
    assert [
        (s.name, s.kind, s.choices, s.range, s.help, s.default, s.optional) for s in settings_of(Knobs)
    ] == [
        ("steps", int, (), Range(1), "how many", MISSING, False),
        ("weight", float, (), Range(0.0, 2.0), "", 0.5, False),
        ("mode", str, ("a", "b"), None, "", "a", False),
        ("rank", int, (), Range(1), "", None, True),
        ("way", str, ("x", "y"), None, "", None, True),
        ("deep", bool, (), None, "", False, False),
        ("free", None, (), None, "", {}, False),
        ("either", None, (), None, "", None, True),
    ]


def test_limits_in_words():
    said = {setting.name: setting.limits for setting in settings_of(Knobs)}
    assert said == {
        "steps": "must be a whole number of at least 1", "weight": "must lie in [0, 2]", "mode": "a, b",
        "rank": "must be a whole number of at least 1",
        "way": "x, y", "deep": "", "free": "", "either": "",
    }  # fmt: skip


def test_good_values_pass():
    check_settings(Knobs(steps=1))
    check_settings(
        Knobs(steps=9, weight=2.0, mode="b", rank=1, way="y", deep=True, free={"a": 1}, either="z")
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1; got 0"),
        ({"steps": 1, "weight": 2.5}, "weight must lie in [0, 2]; got 2.5"),
        ({"steps": 1, "weight": math.nan}, "weight must lie in [0, 2]; got nan"),
        ({"steps": 1, "mode": "c"}, "mode must be one of a, b; got 'c'"),
        ({"steps": 1, "mode": None}, "mode must be one of a, b; got None"),
        ({"steps": 1, "rank": 0}, "rank must be a whole number of at least 1; got 0"),
        ({"steps": 1, "way": "z"}, "way must be one of None, x, y; got 'z'"),
    ],
)
def test_the_first_value_outside_its_limits_is_named(values, sentence):
    with pytest.raises(ConfigError) as refused:
        check_settings(Knobs(**values))
    assert str(refused.value) == sentence


def test_names_in_the_sentence_are_those_of_the_caller():
    with pytest.raises(ConfigError, match=r"^--steps must be a whole number of at least 1; got 0$"):
        check_settings(Knobs(steps=0), lambda name: f"--{name}")
