"""How numbers are written: at each border between two ways, right values."""

import math

import pytest

from sde_core.glossary.formats import ABSENT, number, percent, points, recall, signed, with_minus


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0 %"), (0.00049, "< 0.1 %"), (0.0005, "0.1 %"), (0.0123, "1.2 %"), (0.0994, "9.9 %"),
        (0.0995, "10 %"), (0.5, "50 %"), (1.0, "100 %"), (2.5, "250 %"), (-0.012, "-1.2 %"),
        (None, ABSENT), (math.nan, ABSENT), (math.inf, ABSENT), (-math.inf, ABSENT),
    ],
)  # fmt: skip
def test_percent_has_the_digits_that_one_compares_by(share, written):
    assert percent(share).replace("\u00a0", " ") == written


def test_recalls_have_one_decimal():
    assert [recall(share) for share in (0.512, 0.0, 1.0, None)] == [
        "51.2\u00a0%",
        "0.0\u00a0%",
        "100.0\u00a0%",
        ABSENT,
    ]
    assert [points(share) for share in (0.512, 0.0, 1.0, None)] == ["51.2", "0.0", "100.0", ABSENT]


def test_differences_have_their_sign():
    assert [signed(x) for x in (0.5, -1.26, 0.0)] == ["+0.5", "−1.3", "+0.0"]
    assert signed(-0.5944, 3) == "−0.594"
    assert [signed(x) for x in (math.nan, math.inf, -math.inf)] == [ABSENT] * 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.23456, "0.235"), (-12.5, "−12.5"), (999.4, "999"), (999.6, "1,000"), (1000.0, "1,000"),
        (-1000.0, "−1,000"), (123456.0, "123,456"), (0.0, "0"), (None, ABSENT), (math.nan, ABSENT),
    ],
)  # fmt: skip
def test_a_number_is_never_a_power_of_ten(value, written):
    assert number(value) == written


def test_a_number_has_the_digits_that_are_asked_for():
    assert number(0.23456, 2) == "0.23"
    assert number(12345.0, 2) == "12,345"


def test_a_true_minus():
    assert with_minus("-1 to -2") == "−1 to −2"
