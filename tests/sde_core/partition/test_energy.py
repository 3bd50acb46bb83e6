"""Shares of the energy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError
from sde_core.partition import NOISE, STRONG, WEAK
from sde_core.partition.energy import EnergyRule
from tests.sde_core.partition.thresholds import matrices, signal


class TestEnergy:
    @given(matrices, st.floats(0, 1), st.floats(0, 1))
    def test_the_fewest_directions_that_hold_the_share(self, x, a, b):
        strong_share, signal_share = sorted((a, b))
        spectrum = compute_spectrum(x, center=None)
        p = partition_spectrum(spectrum, EnergyRule(strong_share=strong_share, signal_share=signal_share))
        energy = spectrum.energies.numpy()
        slack = 1e-10 * energy.sum()
        for count, share in ((p.n_strong, strong_share), (signal(p), signal_share)):
            assert energy[:count].sum() >= share * energy.sum() - slack
            if count:
                assert energy[: count - 1].sum() < share * energy.sum() + slack

    def test_a_share_met_exactly_takes_no_more(self):
        spectrum = compute_spectrum(np.diag(np.sqrt([0.4, 0.3, 0.2, 0.1])), center=None)
        p = partition_spectrum(spectrum, EnergyRule(strong_share=0.4, signal_share=0.9))
        assert p.labels.tolist() == [STRONG, WEAK, WEAK, NOISE]
        everything = partition_spectrum(spectrum, EnergyRule(strong_share=0.0, signal_share=1.0))
        assert everything.labels.tolist() == [WEAK] * 4
        assert "Counts energy only (40 % strong, 90 % with weak)" in p.note

    def test_equal_values_are_counted_one_by_one(self):
        spectrum = compute_spectrum(np.eye(4), center=None)
        p = partition_spectrum(spectrum, EnergyRule(strong_share=0.25, signal_share=0.5))
        assert p.labels.tolist() == [STRONG, WEAK, NOISE, NOISE]
        # 0.07 * 100 is 7.000000000000001 in floating point: 7 directions hold it all the same.
        many = partition_spectrum(
            compute_spectrum(np.eye(100), center=None), EnergyRule(strong_share=0.07, signal_share=0.07)
        )
        assert many.n_strong == 7

    @pytest.mark.parametrize(("a", "b"), [(0.9, 0.5), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
    def test_shares_out_of_order_are_refused(self, a, b):
        with pytest.raises(
            ConfigError, match="shares must satisfy 0 <= strong_share <= signal_share <= 1; got"
        ):
            EnergyRule(strong_share=a, signal_share=b)
