"""What the page says of bands after training is what the kept runs give."""

import json

import numpy as np
import pytest
from scipy.stats import t

from benchmarks.trained_bands import (
    KEPT,
    METHODS,
    NUMBERS,
    PAGE,
    PICTURE,
    SEEDS,
    apart,
    filled,
    picture,
    tables,
)

FOUND = json.loads(KEPT.read_text("utf-8"))


def test_no_method_seed_or_measure_is_left_out():
    assert tuple(FOUND) == METHODS
    for runs in FOUND.values():
        assert tuple(run["seed"] for run in runs) == SEEDS
        for run in runs:
            for shares in run["shares"]["size"].values():
                assert sum(shares.values()) == pytest.approx(1, abs=1e-4)


def test_the_page_and_its_picture_are_those_of_the_kept_runs():
    page = PAGE.read_text("utf-8")
    assert filled(page, FOUND) == page
    assert all(line in page for line in tables(FOUND))
    assert PICTURE.read_text("utf-8").count("<circle") == picture(FOUND).svg().count("<circle") == 15


def test_the_answer_is_the_protocol_s_rule():
    lows = [apart(FOUND[m], FOUND["infonce"], NUMBERS["disentangled"])[1] for m in METHODS if m != "infonce"]
    assert max(lows) < 0
    assert "no loss *disentangles*" in PAGE.read_text("utf-8")


def test_the_interval_is_that_of_student_s_t():
    differences = np.array([0.5, -1.0, 2.0, 0.25])
    plain = [{"x": 0.0}] * 4
    found = apart([{"x": float(d)} for d in differences], plain, lambda run: run["x"])
    low, high = t.interval(0.95, 3, differences.mean(), differences.std(ddof=1) / 2)
    assert found == pytest.approx((differences.mean(), low, high), abs=1e-3)
