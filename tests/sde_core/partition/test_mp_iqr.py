"""The default rule against its formula."""

import math

import numpy as np
import pytest
from hypothesis import given

from sde_core import compute_spectrum, partition_spectrum
from sde_core.partition import marchenko_pastur as mp
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import matrices


class TestMpIqr:
    @given(matrices)
    def test_the_formulas(self, x):
        s = np.linalg.svd(x, compute_uv=False)
        m, n = x.shape
        p = partition_spectrum(compute_spectrum(x, center=None))
        theta = np.median(s) / (math.sqrt(max(m, n)) * mp.median(min(m, n) / max(m, n)))
        edge = theta * (math.sqrt(m) + math.sqrt(n))
        low, high = np.quantile(s, [0.25, 0.75])
        assert p.noise_scale == pytest.approx(theta, rel=1e-9)
        assert p.tau_noise == pytest.approx(edge, rel=1e-9)
        assert p.tau_strong == pytest.approx(max(high + 1.5 * (high - low), edge), rel=1e-9)

    def test_centring_costs_one_degree_of_freedom(self):
        x = spikes(0, 60, 20, [])
        p = partition_spectrum(compute_spectrum(x))
        assert p.tau_noise / p.noise_scale == pytest.approx(math.sqrt(59) + math.sqrt(20), rel=1e-12)
