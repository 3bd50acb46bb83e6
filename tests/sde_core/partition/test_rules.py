"""Each rule against an independent reference, its parameters and what it needs."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from optht import optht
from screenot import adaptiveHardThresholding

from sde_core import compute_spectrum, partition_spectrum
from sde_core.errors import ConfigError, DataError
from sde_core.partition import NOISE, STRONG, WEAK
from sde_core.partition import marchenko_pastur as mp
from sde_core.partition import screenot as own_screenot
from sde_core.partition import tracy_widom as tw
from sde_core.partition.bema import BemaRule
from sde_core.partition.energy import EnergyRule
from sde_core.partition.gavish_donoho import GavishDonohoRule
from sde_core.partition.manual import ManualRankRule, ManualRule
from sde_core.partition.mp_iqr import MpIqrRule
from sde_core.partition.parallel import ParallelRule
from sde_core.partition.screenot import ScreeNotRule
from tests.sde_core.partition.planted import spikes

matrices = st.builds(
    lambda seed, m, n, k: spikes(seed, m, n, np.linspace(4, 1, k)),
    st.integers(0, 999),
    st.integers(20, 80),
    st.integers(20, 80),
    st.integers(0, 5),
)


def signal(partition):
    return partition.n_strong + partition.n_weak


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
        assert "Counts energy only (40% strong, 90% with weak)" in p.note

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
        with pytest.raises(ConfigError, match=r"level must lie in \(0, 1\); got 1"):
            ParallelRule(level=1.0)


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
        with pytest.raises(ConfigError, match=r"trim must lie in \[0, 0.5\); got 0.5"):
            BemaRule(trim=0.5)
        with pytest.raises(ConfigError, match=r"level must lie in \[1e-6, 1\); got 0"):
            BemaRule(level=0.0)


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

    def test_the_name_alone_says_what_is_missing(self):
        with pytest.raises(
            ConfigError, match='rule "manual" must come with its thresholds; pass rule=ManualRule'
        ):
            partition_spectrum(compute_spectrum(np.eye(3), center=None), "manual")


@pytest.mark.parametrize(
    "rule",
    [MpIqrRule(), GavishDonohoRule(), BemaRule(), ScreeNotRule(k=15), ParallelRule()],
    ids=lambda rule: rule.name,
)
def test_strong_is_never_below_the_noise_threshold(rule):
    # Many equal spikes lift the quartiles: the fence falls inside the signal or below the edge.
    x = spikes(0, 200, 40, np.full(12, 6.0))
    p = partition_spectrum(compute_spectrum(x), rule, features=x)
    assert p.tau_strong >= p.tau_noise
    assert signal(p) == 12
