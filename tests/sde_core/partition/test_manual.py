"""Thresholds and ranks of one's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError
from sde_core.partition import NOISE, STRONG, WEAK
from sde_core.partition.manual import ManualRankRule, ManualRule, cut_below


class TestManual:
    def test_thresholds_cut_strictly_above(self):
        spectrum = compute_spectrum(np.diag([4.0, 3.0, 2.0, 1.0]), center=None)
        p = partition_spectrum(spectrum, ManualRule(tau_strong=3.0, tau_noise=1.0))
        assert p.labels.tolist() == [STRONG, WEAK, WEAK, NOISE]
        assert (p.n_strong, p.n_weak, p.n_noise) == (1, 2, 1)

    @given(n_strong=st.integers(0, 6), n_weak=st.integers(0, 6))
    def test_ranks_and_their_thresholds_agree(self, n_strong, n_weak):
        spectrum = compute_spectrum(np.diag([5.0, 4.0, 3.0, 2.0, 1.0]), center=None)
        p = partition_spectrum(spectrum, ManualRankRule(n_strong=n_strong, n_weak=n_weak))
        assert p.n_strong == min(n_strong, 5)
        assert p.n_weak == min(n_weak, 5 - p.n_strong)
        again = partition_spectrum(spectrum, ManualRule(tau_strong=p.tau_strong, tau_noise=p.tau_noise))
        assert again.labels.tolist() == p.labels.tolist()

    @pytest.mark.parametrize(
        ("strong", "noise"), [(1.0, 2.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("nan"))]
    )
    def test_thresholds_out_of_order_are_refused(self, strong, noise):
        with pytest.raises(
            ConfigError, match="thresholds must satisfy 0 <= tau_noise <= tau_strong; got tau_noise="
        ):
            ManualRule(tau_strong=strong, tau_noise=noise)

    def test_negative_counts_are_refused(self):
        with pytest.raises(ConfigError, match="n_weak must be a whole number of at least 0; got -1"):
            ManualRankRule(n_strong=1, n_weak=-1)
        with pytest.raises(ConfigError, match="n_strong must be a whole number of at least 0; got -2"):
            ManualRankRule(n_strong=-2, n_weak=1)

    def test_nothing_strong_and_equal_thresholds_are_taken(self):
        spectrum = compute_spectrum(np.diag([2.0, 1.0]), center=None)
        assert partition_spectrum(spectrum, ManualRule(tau_strong=0.0, tau_noise=0.0)).n_strong == 2
        assert partition_spectrum(spectrum, ManualRule(tau_strong=1.0, tau_noise=1.0)).labels.tolist() == [
            STRONG,
            NOISE,
        ]

    def test_the_name_alone_says_what_is_missing(self):
        with pytest.raises(
            ConfigError, match='rule "manual" must come with its thresholds; pass rule=ManualRule'
        ):
            partition_spectrum(compute_spectrum(np.eye(3), center=None), "manual")


def test_the_cut_lies_midway_and_at_the_ends():
    spectrum = compute_spectrum(np.diag([4.0, 3.0, 1.0]), center=None)
    assert [cut_below(spectrum, count) for count in (-1, 0, 1, 2, 3, 4)] == [4.0, 4.0, 3.5, 2.0, 0.0, 0.0]
    nothing = compute_spectrum(np.zeros((3, 2)))
    assert [cut_below(nothing, count) for count in (0, 1)] == [0.0, 0.0]
