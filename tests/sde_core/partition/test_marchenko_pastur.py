"""The Marchenko-Pastur law against the table of the method, quadrature and simulation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sde_core.errors import ConfigError
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition.gavish_donoho import optimal_threshold

# b, upper edge, lambda*, median, omega, inter-quartile range; docs/method.md, section 2.
TABLE = [
    (0.1, 1.31623, 1.58165, 0.983140, 1.60877, 0.25673),
    (0.25, 1.50000, 1.75803, 0.957081, 1.83687, 0.40918),
    (0.5, 1.70711, 1.97860, 0.911299, 2.17119, 0.58791),
    (1.0, 2.00000, 2.30940, 0.807946, 2.85836, 0.87412),
]
aspects = st.floats(0.001, 1.0)


@pytest.mark.parametrize(("b", "edge", "best", "median", "omega", "iqr"), TABLE)
def test_the_table(b, edge, best, median, omega, iqr):
    # Half a unit in the last printed place.
    assert mp.edges(b)[1] == pytest.approx(edge, abs=5e-6)
    assert optimal_threshold(b) == pytest.approx(best, abs=5e-6)
    assert mp.median(b) == pytest.approx(median, abs=5e-7)
    assert optimal_threshold(b) / mp.median(b) == pytest.approx(omega, abs=5e-6)
    assert mp.quantile(0.75, b) - mp.quantile(0.25, b) == pytest.approx(iqr, abs=5e-6)


def test_the_famous_constant():
    assert optimal_threshold(1.0) == pytest.approx(4 / math.sqrt(3), rel=1e-15)


@given(aspects, st.floats(0, 1))
def test_the_cdf_is_the_integral_of_the_density(b, share):
    low, high = mp.edges(b)
    y = low + share * (high - low)
    # In the angle the integrand has no root singularity at the edges; quad then holds 1e-10.
    middle, root = 1 + b, 2 * math.sqrt(b)

    def integrand(angle):
        point = math.sqrt(max(middle - root * math.cos(angle), 0.0))
        return float(mp.density(point, b)) * root * math.sin(angle) / (2 * point) if point else 0.0

    end = math.acos(min(1.0, max(-1.0, (middle - y * y) / root)))
    assert float(mp.cdf(y, b)) == pytest.approx(quad(integrand, 0, end, epsabs=1e-11)[0], abs=1e-8)


@given(aspects, st.floats(0, 1))
def test_quantile_inverts_cdf(b, share):
    # Where the density is steep, y carries the rounding of the square root: sqrt(eps).
    assert float(mp.cdf(mp.quantile(share, b), b)) == pytest.approx(share, abs=1e-7)


@given(aspects)
def test_outside_the_edges_there_is_nothing(b):
    low, high = mp.edges(b)
    assert mp.density([low - 1e-6, high + 1e-6, -1.0, 0.0], b).tolist() == [0, 0, 0, 0]
    assert mp.cdf([-1.0, low - 1e-9, high + 1e-9, 10.0], b).tolist() == [0, 0, 1, 1]
    assert (mp.quantile(0.0, b), mp.quantile(1.0, b)) == (low, high)


@pytest.mark.parametrize(("m", "n"), [(2000, 200), (400, 400), (100, 1000)])
def test_singular_values_of_noise_follow_it(m, n):
    noise = 3.0 * np.random.default_rng(0).standard_normal((m, n))
    values = torch.from_numpy(np.linalg.svd(noise, compute_uv=False))
    b, larger = min(m, n) / max(m, n), max(m, n)
    # Eigenvalues are rigid: the empirical law is within a few 1 / min(m, n) of the limit.
    assert mp.bulk_distance(values, aspect=b, larger=larger) < 6 / min(m, n)
    assert mp.bulk_distance(values, aspect=b, larger=larger, scale=3.0) < 6 / min(m, n)
    assert mp.noise_scale(values, aspect=b, larger=larger) == pytest.approx(3.0, rel=4 / min(m, n))


def exact_values(k, b, larger, theta):
    return (
        torch.tensor([mp.quantile((i + 0.5) / k, b) for i in range(k)]).double() * theta * math.sqrt(larger)
    )


@given(b=st.floats(0.05, 1.0), theta=st.floats(0.1, 10), kept=st.floats(0.5, 1.0))
def test_the_fit_sees_through_a_cut_and_any_scale(b, theta, kept):
    values = exact_values(200, b, 1000, theta)
    upper = mp.quantile(kept, b) * theta * math.sqrt(1000)
    noise = values[values <= upper]
    # The points are the law's own quantiles: half a step, and a step for the cut between two points.
    assert mp.bulk_distance(noise, aspect=b, larger=1000, upper=upper) <= 1.6 / len(noise)
    assert mp.bulk_distance(noise, aspect=b, larger=1000, upper=upper, scale=theta) <= 1.6 / len(noise)


def test_a_wrong_scale_or_another_shape_is_far():
    values = exact_values(200, 0.5, 1000, 1.0)
    assert mp.bulk_distance(values, aspect=0.5, larger=1000, scale=1.3) > 0.2
    assert mp.bulk_distance(values, aspect=0.5, larger=1000, scale=0.7) > 0.2
    assert mp.bulk_distance(values, aspect=0.5, larger=1000, scale=0.0) == 1.0
    assert mp.bulk_distance(values**4, aspect=0.5, larger=1000) > 0.2
    assert mp.bulk_distance(torch.zeros(10), aspect=0.5, larger=1000) == 1.0


@pytest.mark.parametrize("b", [0.0, -0.1, 1.1, 2.0, float("nan")])
def test_an_aspect_outside_is_refused(b):
    for call in (
        mp.edges,
        mp.median,
        optimal_threshold,
        lambda x: mp.cdf(1.0, x),
        lambda x: mp.density(1.0, x),
    ):
        with pytest.raises(ConfigError, match=r"aspect must lie in \(0, 1\]; got"):
            call(b)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_is_refused(share):
    with pytest.raises(ConfigError, match=r"share must lie in \[0, 1\]; got"):
        mp.quantile(share, 0.5)
