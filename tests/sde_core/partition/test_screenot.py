"""ScreeNOT against its authors' code."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from screenot import adaptiveHardThresholding

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError
from sde_core.partition import screenot as own_screenot
from sde_core.partition.screenot import ScreeNotRule
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import matrices, signal


class TestScreeNot:
    @given(matrices, st.integers(1, 9), st.booleans())
    def test_the_threshold_is_that_of_the_authors_package(self, x, k, uneven):
        if uneven:
            x = x * np.linspace(0.3, 3, x.shape[1])
        p = partition_spectrum(compute_spectrum(x, center=None), ScreeNotRule(k=k))
        _, threshold, kept = adaptiveHardThresholding(x.copy(), k, strategy="i")
        # Theirs bisects to 1e-5 or so of the value.
        assert p.tau_noise == pytest.approx(threshold, rel=1e-4)
        assert abs(signal(p) - kept) <= (abs(compute_spectrum(x).singular_values - threshold).min() < 1e-2)

    @given(matrices, st.integers(0, 9))
    def test_the_threshold_solves_the_equation(self, x, k):
        values = np.linalg.svd(x, compute_uv=False)
        noise = own_screenot.noise_spectrum(values, k)
        aspect = min(x.shape) / max(x.shape)
        threshold = own_screenot.optimal_threshold(noise, aspect)
        assert threshold > noise.max()

        def d_transform(y):
            phi = np.mean(y / (y**2 - noise**2))
            return phi * (aspect * phi + (1 - aspect) / y)

        step = 1e-6 * threshold
        slope = (d_transform(threshold + step) - d_transform(threshold - step)) / (2 * step)
        assert threshold * slope / d_transform(threshold) == pytest.approx(-4, abs=1e-3)

    def test_iid_noise_gives_the_threshold_of_gavish_and_donoho(self):
        # In the limit of large matrices and k far below r the best threshold of iid noise is lambda*.
        p = partition_spectrum(compute_spectrum(spikes(0, 1000, 500, [])), ScreeNotRule(k=5))
        assert p.tau_noise / math.sqrt(1000) == pytest.approx(1.97860, rel=0.01)

    def test_imputed_noise_keeps_its_order_and_the_rest(self):
        values = np.linspace(10, 1, 21)
        noise = own_screenot.noise_spectrum(values, 5)
        assert (np.diff(noise) <= 0).all()
        np.testing.assert_allclose(noise[5:], values[5:], rtol=0)
        # (2.12) at i = 1: all of the step.
        step = (values[5] - values[10]) / (2 ** (2 / 3) - 1)
        assert noise[0] == pytest.approx(values[5] + step, rel=1e-14)

    def test_the_bound_is_part_of_the_note(self):
        spectrum = compute_spectrum(spikes(0, 100, 50, [6, 5, 4, 3]))
        assert (
            "at most k = 12 signals in noise of any shape and found 4;"
            in partition_spectrum(spectrum, "screenot").note
        )
        assert "found 4, the most it can: raise k" in partition_spectrum(spectrum, ScreeNotRule(k=4)).note
        # Below the number of signals, what is left of them passes for noise: the note warns of it.
        hidden = partition_spectrum(spectrum, ScreeNotRule(k=2))
        assert signal(hidden) == 0
        assert "more than k would hide one another" in hidden.note

    @pytest.mark.parametrize("rank", [1, 2, 3, 4])
    def test_few_directions_are_no_obstacle(self, rank):
        x = spikes(0, 30, rank, [])
        assert len(partition_spectrum(compute_spectrum(x), "screenot").labels) == rank

    def test_a_bound_too_large_is_refused(self):
        with pytest.raises(
            ConfigError, match=r"k must be at most \(r - 1\) / 2 = 4 for 10 directions; got 5"
        ):
            partition_spectrum(compute_spectrum(spikes(0, 30, 10, [])), ScreeNotRule(k=5))
        with pytest.raises(ConfigError, match="k must be a whole number of at least 0; got -1"):
            ScreeNotRule(k=-1)
