"""The Tracy-Widom law against published numbers, Painleve II and simulation."""

import numpy as np
import pytest
from scipy.integrate import quad, simpson, solve_ivp
from scipy.special import airy

from sde_core.errors import ConfigError
from sde_core.partition import tracy_widom as tw


@pytest.mark.parametrize(
    # Quantiles as printed by Johnstone 2001 and Bornemann 2010.
    ("share", "quantile"),
    [(0.01, -3.8954), (0.05, -3.1804), (0.5, -1.2686), (0.9, 0.4501), (0.95, 0.9793), (0.99, 2.0234)],
)
def test_published_quantiles(share, quantile):
    assert tw.quantile(share) == pytest.approx(quantile, abs=6e-5)
    assert float(tw.cdf(tw.quantile(share))) == pytest.approx(share, abs=1e-10)


def test_published_mean_and_variance():
    x = np.linspace(-9, 12, 301)
    above = 1 - tw.cdf(x)
    # E[X] = a + int_a (1 - F), E[X^2] = a^2 + 2 int_a x (1 - F).
    mean = x[0] + simpson(above, x=x)
    variance = x[0] ** 2 + 2 * simpson(x * above, x=x) - mean**2
    assert mean == pytest.approx(-1.2065335745820, abs=1e-6)
    assert variance == pytest.approx(1.6077810345810, abs=5e-5)


def test_it_solves_painleve_ii():
    """F_1 = exp(-1/2 int (q + (x - s) q^2)), q'' = s q + 2 q^3, q ~ Ai: another formula altogether."""
    start = 8.0

    def right_hand_side(s, state):
        q, slope, _, second, _ = state
        return [slope, s * q + 2 * q**3, -second, -q * q, -q]

    ai, ai_slope, _, _ = airy(start)
    tails = [
        quad(lambda x: (x - start) * airy(x)[0] ** 2, start, 20)[0],
        quad(lambda x: airy(x)[0] ** 2, start, 20)[0],
        quad(lambda x: airy(x)[0], start, 25)[0],
    ]
    at = np.array([3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0])
    solution = solve_ivp(
        right_hand_side, (start, -5), [ai, ai_slope, *tails], "DOP853", at, rtol=1e-13, atol=1e-20
    )
    expected = np.exp(-(solution.y[2] + solution.y[4]) / 2)
    # Promised: 1e-11. The solution of the equation itself loses digits towards the left.
    np.testing.assert_allclose(tw.cdf(at), expected, rtol=0, atol=1e-11)


def test_it_rises_from_0_to_1():
    found = tw.cdf(np.linspace(-12, 15, 100))
    assert (np.diff(found) >= -1e-14).all()
    assert (found[0], found[-1]) == (0, 1)
    assert tw.cdf([[0.0, 1.0]]).shape == (1, 2)


def test_largest_singular_values_of_noise_follow_it():
    m, n, draws = 60, 40, 400
    r = np.random.default_rng(0)
    largest = np.linalg.svd(r.standard_normal((draws, m, n)), compute_uv=False)[:, 0] ** 2
    # Johnstone's centring with half a row and column less (Ma 2012), of second order.
    a, b = np.sqrt(m - 0.5), np.sqrt(n - 0.5)
    x = np.sort((largest - (a + b) ** 2) / ((a + b) * (1 / a + 1 / b) ** (1 / 3)))
    distance = np.abs(tw.cdf(x) - (np.arange(draws) + 0.5) / draws).max()
    assert distance < 1.63 / np.sqrt(draws)  # Kolmogorov-Smirnov at 1 %


@pytest.mark.parametrize("share", [1e-6, 1 - 1e-6])
def test_a_share_at_the_ends_is_taken(share):
    assert float(tw.cdf(tw.quantile(share))) == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 1e-7, 1 - 1e-7, 2.0, float("nan")])
def test_a_share_outside_is_refused(share):
    with pytest.raises(ConfigError, match=r"share must lie in \[1e-6, 1 - 1e-6\]; got"):
        tw.quantile(share)
