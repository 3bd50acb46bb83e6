"""Roots: those of scipy bit for bit, and near enough whatever the function."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from sde_core.partition.root import MOST_STEPS, RELATIVE, bracketed_root

KINDS = {
    "line": lambda x, c: x - c,
    "cube": lambda x, c: (x - c) ** 3,
    "steep": lambda x, c: math.expm1(20 * (x - c)),
    "flat": lambda x, c: math.tanh(20 * (x - c)) ** 5,
    "jump": lambda x, c: math.copysign(1.0, x - c),
    "tiny": lambda x, c: 1e-300 * (x - c),
    "falls": lambda x, c: math.cos(x) - math.cos(c) if 0 < c < math.pi else c - x,
}


@given(
    st.sampled_from(sorted(KINDS)),
    st.floats(-3, 3, allow_subnormal=False),
    st.floats(0.01, 4),
    st.floats(0.01, 4),
    st.sampled_from([2e-12, 1e-14, 1e-6]),
)
def test_it_is_scipys_bit_for_bit(kind, c, left, right, within):
    f = lambda x: KINDS[kind](x, c)  # noqa: E731
    low, high = c - left, c + right
    if (f(low) < 0) == (f(high) < 0) and 0 not in (f(low), f(high)):
        with pytest.raises(ValueError, match="two signs"):
            bracketed_root(f, low, high, within=within)
        return
    try:
        expected = brentq(f, low, high, xtol=within)
    except RuntimeError:  # a flat root near 0 takes more steps
        with pytest.raises(RuntimeError, match="steps"):
            bracketed_root(f, low, high, within=within)
        return
    found = bracketed_root(f, low, high, within=within)
    assert found == expected
    if kind == "line":  # of which the root is known exactly
        assert abs(found - c) <= within + RELATIVE * abs(found)


def test_an_end_that_is_a_root_is_returned():
    assert bracketed_root(lambda x: x, 0.0, 1.0) == 0.0
    assert bracketed_root(lambda x: x - 1, 0.0, 1.0) == 1.0


def test_one_sign_at_both_ends_is_refused_with_the_values():
    with pytest.raises(ValueError, match=r"got 1.0 at 0.0 and 2.0 at 1.0"):
        bracketed_root(lambda x: x + 1, 0.0, 1.0)


def test_it_gives_up_with_a_sentence_where_nothing_is_near_enough():
    # A jump at 0, which no relative bound comes near to: halves of halves never end.
    with pytest.raises(RuntimeError, match=f"in {MOST_STEPS} steps"):
        bracketed_root(lambda x: math.copysign(1.0, x - 1e-300), -1.0, 1.0, within=0.0)


def test_the_rules_import_no_optimiser():
    said = (
        "import sys, sde_core.partition.rules, sde_core.partition.screenot, sde_core.partition.tracy_widom;"
    )
    code = f"{said} print([n for n in sys.modules if n.startswith('scipy.optimize')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
