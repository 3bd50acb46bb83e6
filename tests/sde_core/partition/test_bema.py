"""BEMA: the middle of the spectrum and the edge."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition import tracy_widom as tw
from sde_core.partition.bema import BemaRule, matched_scale
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import matrices


class TestBema:
    @given(matrices, st.sampled_from([0.1, 0.2, 0.3]), st.sampled_from([0.01, 0.1]))
    def test_the_loops_of_the_paper(self, x, trim, level):
        m, n = x.shape
        p_small, larger = min(m, n), max(m, n)
        gamma = p_small / larger
        eigenvalues = np.linalg.svd(x, compute_uv=False) ** 2 / larger
        top = bottom = 0.0
        for k in range(1, p_small + 1):
            if trim * p_small - 1e-12 <= k <= (1 - trim) * p_small + 1e-12:
                q = mp.quantile(1 - k / p_small, gamma) ** 2
                top += q * eigenvalues[k - 1]
                bottom += q * q
        variance = top / bottom
        t = tw.quantile(1 - level)
        spread = t * larger ** (-2 / 3) * gamma ** (-1 / 6) * (1 + math.sqrt(gamma)) ** (4 / 3)
        edge = variance * ((1 + math.sqrt(gamma)) ** 2 + spread)
        p = partition_spectrum(compute_spectrum(x, center=None), BemaRule(trim=trim, level=level))
        assert p.noise_scale == pytest.approx(math.sqrt(variance), rel=1e-9)
        assert p.tau_noise == pytest.approx(math.sqrt(edge * larger), rel=1e-9)

    @pytest.mark.parametrize("rank", [1, 2, 3])
    def test_few_directions_are_no_obstacle(self, rank):
        p = partition_spectrum(compute_spectrum(spikes(0, 30, rank, [])), "bema")
        assert math.isfinite(p.tau_noise)
        assert "too few noise directions to check" in p.note

    def test_parameters_outside_are_refused(self):
        for trim in (-0.1, 0.5, 0.7, math.nan):
            with pytest.raises(ConfigError, match=rf"trim must lie in \[0, 0.5\); got {trim}"):
                BemaRule(trim=trim)
        for level in (0.0, 1.0, 1.5, math.nan):
            with pytest.raises(ConfigError, match=rf"level must lie in \[1e-6, 1\); got {level}"):
                BemaRule(level=level)
        assert (BemaRule(trim=0.0).trim, BemaRule(level=1e-6).level) == (0.0, 1e-6)

    @pytest.mark.parametrize("shape", [(9, 5), (5, 9), (8, 3), (12, 4), (7, 7)])
    @pytest.mark.parametrize("trim", [0.0, 0.2, 0.3])
    def test_of_few_directions_the_same_places_are_matched(self, shape, trim):
        x = spikes(1, *shape, [])
        r, larger = min(shape), max(shape)
        values = np.linalg.svd(x, compute_uv=False)[:r] ** 2 / larger
        places = [k for k in range(1, r + 1) if trim * r - 1e-9 <= k <= (1 - trim) * r + 1e-9]
        q = np.array([mp.quantile(1 - k / r, r / larger) ** 2 for k in places])
        variance = q @ values[[k - 1 for k in places]] / (q @ q)
        spectrum = compute_spectrum(x, center=None)
        assert matched_scale(spectrum, trim=trim) == pytest.approx(math.sqrt(variance), rel=1e-9)
