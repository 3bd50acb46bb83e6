"""Parallel analysis: the shuffled columns' spectra."""

import math

import numpy as np
import pytest
import torch

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError, DataError
from sde_core.partition.parallel import NullRule, ParallelRule
from tests.sde_core.partition.planted import spikes
from tests.sde_core.partition.thresholds import signal


class TestParallel:
    def test_it_is_the_loop_of_the_definition(self):
        x = spikes(3, 120, 30, [5, 4, 3, 2], noise=np.linspace(0.2, 1.0, 30))
        spectrum = compute_spectrum(x)
        p = partition_spectrum(spectrum, "parallel", features=x, seed=7)
        generator, tops = torch.Generator().manual_seed(7), []
        centred = x - x.mean(axis=0)
        for _ in range(19):
            shuffled = np.empty_like(centred)
            for j in range(30):
                shuffled[:, j] = centred[torch.randperm(120, generator=generator).numpy(), j]
            tops.append(np.linalg.svd(shuffled, compute_uv=False))
        limit = np.max(tops, axis=0)  # of 19, the largest is the 95th percentile: 19 = ceil(0.95 * 20)
        values = spectrum.singular_values.numpy()
        kept = int((values <= limit).argmax())
        # The fourth spike is hidden: shuffled columns keep the energy of the other three.
        assert signal(p) == kept == 3
        assert p.tau_noise == pytest.approx(limit[kept], rel=1e-9)

    def test_the_seed_decides(self):
        x = spikes(0, 100, 30, [3])
        spectrum = compute_spectrum(x)
        one, same, other = (partition_spectrum(spectrum, "parallel", x, seed=s).tau_noise for s in (0, 0, 1))
        assert one == same != other

    def test_a_cone_is_not_taken_for_noise(self):
        x = spikes(0, 200, 40, [4, 3]) + 5.0
        p = partition_spectrum(compute_spectrum(x, center=None), "parallel", features=x)
        assert signal(p) == 3  # the cone and the two spikes

    def test_all_signal_has_a_threshold_too(self):
        x = np.outer(np.arange(40.0), [1.0])
        p = partition_spectrum(compute_spectrum(np.c_[x, x + x**2]), "parallel", features=np.c_[x, x + x**2])
        assert math.isfinite(p.tau_noise)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
    def test_rows_of_lower_precision_are_the_same_rows(self, dtype):
        x = spikes(0, 100, 30, [4, 3])
        p = partition_spectrum(compute_spectrum(x), "parallel", features=torch.from_numpy(x).to(dtype))
        assert signal(p) == 2

    def test_rows_that_are_missing_or_others_are_refused(self):
        x = spikes(0, 100, 30, [4, 3])
        spectrum = compute_spectrum(x)
        with pytest.raises(
            DataError, match='rule "parallel" needs the rows behind the spectrum; got none: pass features=x'
        ):
            partition_spectrum(spectrum, "parallel")
        with pytest.raises(DataError, match="features must be the rows behind the spectrum; got 50 rows"):
            partition_spectrum(spectrum, "parallel", features=x[:50])
        with pytest.raises(DataError, match="features must be the rows behind the spectrum; got 100 rows"):
            partition_spectrum(spectrum, "parallel", features=2 * x)
        with pytest.raises(
            DataError, match=r"features must have 30 columns like the spectrum; got shape \(100, 29\)"
        ):
            partition_spectrum(spectrum, "parallel", features=x[:, :29])

    def test_too_few_shuffles_are_refused(self):
        with pytest.raises(ConfigError, match=r"n_permutations must be at least 19 for level 0.95; got 18"):
            ParallelRule(n_permutations=18)
        with pytest.raises(ConfigError, match=r"n_permutations must be at least 99 for level 0.99; got 19"):
            ParallelRule(level=0.99)
        for level in (0.0, -1.0, 1.0, 1.5, math.nan):
            with pytest.raises(ConfigError, match=rf"level must lie in \(0, 1\); got {level}"):
                ParallelRule(level=level)
        assert ParallelRule(n_permutations=19).n_permutations == 19

    def test_a_null_of_ones_own_is_cut_at_its_percentile(self):
        spectrum = compute_spectrum(np.diag([5.0, 4.0, 2.0, 1.0]), center=None)
        null = torch.tensor([[3.0, 2.5, 2.2, 0.1, 0.0], [6.0, 3.0, 1.0, 0.5, 0.0], [1.0, 1.0, 1.0, 0.2, 0.0]])
        half = partition_spectrum(spectrum, NullRule(null=null, level=0.5, note="{} of them"))
        # The second of three in each place: 3, 2.5, 1, 0.2: all four stand above, the last marks the end.
        assert (signal(half), half.tau_noise) == (4, pytest.approx(0.2))
        assert "3 of them" in half.note
        most = partition_spectrum(spectrum, NullRule(null=null))
        assert (signal(most), most.tau_noise) == (0, 6.0)  # of three, the largest
        with pytest.raises(
            DataError, match=r"null must hold at least 4 values a spectrum; got shape \(3, 3\)"
        ):
            partition_spectrum(spectrum, NullRule(null=null[:, :3]))
