"""What the page says of bands during a training is what the kept looks give, and they end where the trainings did."""

import json

import pytest

from benchmarks.bands_over_time import (
    DIRECTIONS,
    KEPT,
    PAGE,
    PEAK,
    PICTURE,
    SEPARATE,
    STEPS,
    STYLE,
    change,
    filled,
    picture,
    table,
)
from benchmarks.trained_bands import KEPT as AT_THE_END
from benchmarks.trained_bands import METHODS, NUMBERS, SEEDS, apart

FOUND = json.loads(KEPT.read_text("utf-8"))
STYLE_IN_STRONG = NUMBERS["style in strong, %"]


def test_no_method_seed_or_look_is_left_out():
    assert tuple(FOUND) == METHODS
    for looks in FOUND.values():
        assert tuple(looks) == tuple(map(str, STEPS))
        for runs in looks.values():
            assert [len(run["spectrum"]) for run in runs] == len(SEEDS) * [len(DIRECTIONS)]
            for run in runs:
                assert run["spectrum"] == sorted(run["spectrum"], reverse=True)


def test_looking_changed_nothing_and_all_losses_start_alike():
    ended = json.loads(AT_THE_END.read_text("utf-8"))
    for method, looks in FOUND.items():
        for mine, theirs in zip(looks[str(STEPS[-1])], ended[method], strict=True):
            for of in NUMBERS.values():
                assert of(mine) == pytest.approx(of(theirs), abs=3e-3)  # of numbers with five decimals
        for mine, other in zip(looks["0"], FOUND["infonce"]["0"], strict=True):
            assert STYLE_IN_STRONG(mine) == STYLE_IN_STRONG(other)


def test_the_page_and_its_picture_are_those_of_the_kept_looks():
    page = PAGE.read_text("utf-8")
    assert filled(page, FOUND) == page
    assert all(line in page for line in table(FOUND))
    assert picture(FOUND).svg() in PICTURE.read_text("utf-8")


def test_the_answer_is_the_protocol_s_rule():
    leaves = {method for method, looks in FOUND.items() if change(looks, STYLE_IN_STRONG)[2] < 0}
    assert leaves == {"whitened-both", "sde"}
    for looks in FOUND.values():
        assert change(looks, STYLE_IN_STRONG, PEAK)[2] < 0
        assert change(looks, STYLE["of equal energy, %"])[2] < 0
        assert change(looks, SEPARATE["disentangled"])[1] > 0
    for step in map(str, STEPS[1:]):
        for of in (*STYLE.values(), SEPARATE["disentangled"]):
            _, low, high = apart(FOUND["sde"][step], FOUND["infonce"][step], of)
            assert low < 0 < high
    assert "*leaves* for `whitened-both` and `sde` alone" in PAGE.read_text("utf-8")
