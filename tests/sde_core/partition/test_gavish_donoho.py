"""The optimal hard threshold against optht."""

import math

import numpy as np
import pytest
from optht import optht

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError
from sde_core.partition.gavish_donoho import GavishDonohoRule
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import signal


class TestGavishDonoho:
    @pytest.mark.parametrize("shape", [(100, 100), (100, 60), (60, 100), (200, 20)])
    @pytest.mark.parametrize("seed", range(5))
    def test_it_keeps_what_optht_keeps(self, shape, seed):
        # Only with sigma=None: its branch for a known sigma is wrong unless the matrix is square.
        x = spikes(seed, *shape, [4, 3, 2, 1.8, 1.6, 1.4, 1.2])
        s = np.linalg.svd(x, compute_uv=False)
        p = partition_spectrum(compute_spectrum(x, center=None), "gavish-donoho")
        assert signal(p) == optht(min(shape) / max(shape), sv=s, sigma=None)

    def test_the_square_of_known_scale(self):
        p = partition_spectrum(
            compute_spectrum(spikes(0, 50, 50, []), center=None), GavishDonohoRule(noise_scale=2.0)
        )
        assert p.tau_noise == pytest.approx(4 / math.sqrt(3) * math.sqrt(50) * 2, rel=1e-12)
        assert "of the given scale" in p.note

    @pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_scale_that_is_none_is_refused(self, scale):
        with pytest.raises(ConfigError, match="noise_scale must be finite and above 0; got"):
            GavishDonohoRule(noise_scale=scale)
