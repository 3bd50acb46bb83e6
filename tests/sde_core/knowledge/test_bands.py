"""What each band knows: planted columns come back, chance says nothing, sums add up."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.knowledge import BandKnowledge, Column, band_knowledge, column_kinds
from sde_core.knowledge.explained import _beta, chance_line, chance_moments, false_discoveries, p_values
from tests.sde_core.knowledge.made import made


def planted(seed=0, n=4000, d=24):
    """Directions 0 and 1 hold `coarse` (two thirds of their variance), 5 holds `fine`, the rest holds nothing."""
    rng = np.random.default_rng(seed)
    scale = np.linspace(8, 1, d)
    z = rng.normal(size=(n, d))
    coarse, fine = rng.integers(0, 6, n), rng.integers(0, 40, n)
    effect = rng.normal(size=(6, 2))
    effect = (effect - effect.mean(axis=0)) / effect.std(axis=0)
    z[:, :2] = np.sqrt(2 / 3) * effect[coarse] + np.sqrt(1 / 3) * z[:, :2]
    of_fine = rng.normal(size=40)
    of_fine = (of_fine - of_fine.mean()) / of_fine.std()
    within = z[:, 5] - np.bincount(fine, z[:, 5])[fine] / np.bincount(fine)[fine]
    between = of_fine[fine] - of_fine[fine].mean()
    z[:, 5] = np.sqrt(0.5) * between / between.std() + np.sqrt(0.5) * within / within.std()
    basis = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (z * scale) @ basis.T, basis, scale, coarse, fine, rng


def _spectrum(x, basis):
    from sde_core.spectra.spectrum import Spectrum

    x = x.astype(np.float32).astype(np.float64)
    mean = x.mean(axis=0)
    values = np.linalg.norm((x - mean) @ basis, axis=0)
    return Spectrum(
        singular_values=torch.from_numpy(values),
        basis=torch.from_numpy(basis),
        mean=torch.from_numpy(mean),
        n_samples=len(x),
        n_features=x.shape[1],
        route="gram",
    )


def labels(*ends, r=24):
    return torch.bucketize(torch.arange(r), torch.tensor(ends), right=True)


def test_planted_columns_come_back_within_two_points():
    x, basis, _, coarse, fine, _ = planted()
    known = band_knowledge(
        made(x, coarse=coarse.astype(str), fine=fine.astype(str)), spectrum=_spectrum(x, basis)
    )
    torch.testing.assert_close(known["coarse"].known[:2], torch.full((2,), 2 / 3).double(), atol=0.02, rtol=0)
    assert float(known["fine"].known[5]) == pytest.approx(0.5, abs=0.02)
    assert known["coarse"].shares(labels(2, 12))[0] == pytest.approx(1, abs=0.02)
    assert known["fine"].shares(labels(2, 12))[1] == pytest.approx(1, abs=0.02)
    assert known["coarse"].significant.nonzero()[:, 0].tolist() == [0, 1]
    assert 5 in known["fine"].significant.nonzero()[:, 0].tolist()
    assert int(known["fine"].significant.sum()) <= 3  # a false one in twenty is allowed for


def test_the_raw_share_is_the_eta_squared_of_an_analysis_of_variance():
    x, basis, _, coarse, _, _ = planted(n=300)
    known = band_knowledge(made(x, coarse=coarse.astype(str)), spectrum=_spectrum(x, basis))["coarse"]
    z = (x.astype(np.float32).astype(np.float64) - x.mean(axis=0)) @ basis
    n, k = len(z), 6
    for j in (0, 7):
        ratio = f_oneway(*(z[coarse == value, j] for value in range(k))).statistic
        eta = ratio * (k - 1) / (ratio * (k - 1) + n - k)
        assert float(known.known[j]) == pytest.approx(1 - (1 - eta) * (n - 1) / (n - k), abs=1e-5)


def test_a_number_is_its_adjusted_squared_correlation_and_a_hue_goes_round():
    x, basis, scale, *_, rng = planted(n=2000)
    z = (x - x.mean(axis=0)) @ basis
    number = z[:, 3] / scale[3] + rng.normal(size=len(z))
    angle = np.rad2deg(np.arctan2(z[:, 9] / scale[9], z[:, 10] / scale[10]))
    found = band_knowledge(made(x), {"number": number}, spectrum=_spectrum(x, basis))
    n = len(z)
    squared = np.corrcoef(z[:, 3], number)[0, 1] ** 2
    assert float(found["number"].known[3]) == pytest.approx(1 - (1 - squared) * (n - 1) / (n - 2), abs=1e-5)
    circle = made(x, hue=angle)
    hue = band_knowledge(circle, {"hue": "hue"}, spectrum=_spectrum(x, basis))["hue"]
    line = band_knowledge(circle, {"hue": "number"}, spectrum=_spectrum(x, basis))["hue"]
    assert min(float(hue.known[9]), float(hue.known[10])) > 0.7
    assert float(line.known[10]) < 0.1  # a line cannot follow a circle


@pytest.mark.parametrize("n_values", [2, 30, 120])
def test_shuffled_columns_say_nothing_in_95_of_100(n_values):
    x, basis, *_, rng = planted(n=600)
    columns = {f"c{i}": rng.permutation(np.arange(600) % n_values).astype(str) for i in range(200)}
    known = band_knowledge(made(x), columns, spectrum=_spectrum(x, basis), n_resamples=0).columns
    # Each column is a trial of its own, with its own correction over the directions.
    said = [bool(false_discoveries(column.p_value, 0.05).any()) for column in known]
    assert np.mean(said) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)  # two standard errors of 200 trials
    shares = [float(column.known.mean()) for column in known]
    assert abs(np.mean(shares)) < 4 * np.std(shares) / np.sqrt(200)  # unbiased, within four standard errors


def test_the_moments_of_permutations_are_exact():
    rng = np.random.default_rng(3)
    z = rng.exponential(size=7) ** 2
    z = z - z.mean()
    codes = np.array([0, 0, 0, 0, 1, 1, 2])
    from itertools import permutations

    found = []
    for order in permutations(range(7)):
        sums = np.bincount(codes, z[list(order)])
        found.append((sums**2 / np.bincount(codes)).sum() / (z @ z))
    size = np.bincount(codes)
    leverage = (size * (1 / size - 1 / 7) ** 2).sum()
    kurtosis = torch.tensor([7 * (z**4).sum() / (z @ z) ** 2])
    mean, variance = chance_moments(7, 2, leverage, kurtosis)
    assert mean == pytest.approx(np.mean(found), rel=1e-10)
    assert float(variance) == pytest.approx(np.var(found), rel=1e-10)


def test_p_values_and_chance_are_those_of_the_beta_law():
    from scipy.stats import beta

    rng = np.random.default_rng(0)
    raw, variance = torch.from_numpy(rng.uniform(-0.1, 1.1, 400)), torch.from_numpy(rng.uniform(0, 0.3, 400))
    for mean in (0.001, 0.1, 0.6):
        a, b = (law.numpy() for law in _beta(mean, variance))
        np.testing.assert_array_equal(p_values(raw, mean, variance).numpy(), beta.sf(raw.numpy(), a, b))
        np.testing.assert_array_equal(chance_line(mean, variance, 0.95).numpy(), beta.ppf(0.95, a, b))


def test_p_values_agree_with_real_permutations():
    x, basis, _, coarse, _, rng = planted(n=300)
    z = (x - x.mean(axis=0)) @ basis[:, 7]
    z = np.sign(z) * np.abs(z) ** 1.5  # heavy tails
    column = np.where(rng.random(300) < 0.25, coarse, rng.integers(0, 6, 300))
    one = z[:, None] + 0.3 * np.bincount(column, z)[column][:, None] / 50
    known = band_knowledge(made(one, c=column.astype(str)))["c"]

    def explained(codes):
        sums, size = np.bincount(codes, one[:, 0] - one.mean()), np.bincount(codes)
        return (sums**2 / size).sum()

    ours = explained(column)
    drawn = np.array([explained(rng.permutation(column)) for _ in range(2000)])
    real = (1 + (drawn >= ours).sum()) / 2001
    assert float(known.p_value[0]) == pytest.approx(real, abs=3 * np.sqrt(real * (1 - real) / 2000) + 0.004)


def test_twins_do_not_make_a_column_known():
    rng = np.random.default_rng(5)
    concept = np.repeat(np.arange(60), 10)
    x = rng.normal(size=(60, 16))[concept] + 0.05 * rng.normal(size=(600, 16))
    said_alone, said_grouped = 0, 0
    for trial in range(20):
        group = np.random.default_rng(trial).permutation(np.arange(60) % 6)[concept].astype(str)
        one = made(x, group=group)
        said_alone += not band_knowledge(one)["group"].says_nothing
        said_grouped += not band_knowledge(one, twins=concept)["group"].says_nothing
    assert said_alone == 20
    assert said_grouped <= 4


def test_shares_add_up_and_a_moved_threshold_is_the_same_sum():
    x, basis, _, coarse, _, _ = planted()
    known = band_knowledge(made(x, coarse=coarse.astype(str)), spectrum=_spectrum(x, basis))
    for ends in ((1, 2), (2, 12), (0, 0), (24, 24)):
        shares = known.shares(labels(*ends))["coarse"]
        assert sum(shares.values()) == pytest.approx(1, abs=1e-10)
    low, high = known["coarse"].intervals(labels(1, 12))[0]
    assert low < known["coarse"].shares(labels(1, 12))[0] < high
    with pytest.raises(sde.DataError, match="labels must have 24 entries"):
        known.shares(torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("far", [0, 300])
def test_float32_and_float64_agree(far):
    x, basis, _, coarse, _, rng = planted()
    x = (x + far * basis[:, 0]).astype(
        np.float32
    )  # so far out, of 7 digits 3 are left along the first direction
    spectrum = replace(_spectrum(x, basis), mean=None)
    wide = sde.EmbeddingSet.from_arrays(x.astype(np.float64), x.astype(np.float64))
    assert wide.image.dtype == np.float64
    taken = np.datetime64("2026-11-29") + rng.integers(0, 86_400, len(x)).astype("timedelta64[s]")
    columns = {"c": coarse.astype(str), "gaps": np.where(coarse == 5, "", coarse.astype(str)), "taken": taken}
    single = band_knowledge(made(x), columns, spectrum=spectrum)
    double = band_knowledge(wide, columns, spectrum=spectrum)
    for name in columns:
        torch.testing.assert_close(single[name].known, double[name].known, atol=1e-5, rtol=0)
        torch.testing.assert_close(single[name].energy, double[name].energy, atol=0, rtol=1e-5)


def test_a_direction_along_which_nothing_varies_knows_nothing():
    x, basis, _, coarse, _, _ = planted()
    at = (x @ basis)[:, 1:] @ basis[:, 1:].T + 40 * basis[:, 0]
    known = band_knowledge(
        made(at.astype(np.float32)), {"c": coarse.astype(str)}, spectrum=_spectrum(at, basis)
    )
    assert float(known["c"].known[0]) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("n_resamples", [0, 20])
def test_columns_beside_each_other_and_the_number_of_threads_change_no_number(n_resamples):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(9_000, 5)).astype(np.float32)  # three blocks, the last one short
    made = sde.EmbeddingSet.from_arrays(x, x)
    gaps = np.where(rng.random(9_000) < 0.1, "", rng.integers(0, 4, 9_000).astype(str))
    columns = {"kind": rng.integers(0, 3, 9_000).astype(str), "number": rng.normal(size=9_000), "gaps": gaps}
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(sde.band_knowledge(made, columns, n_resamples=n_resamples))
    finally:
        torch.set_num_threads(before)
    for name, values in columns.items():
        alone = sde.band_knowledge(made, {name: values}, n_resamples=n_resamples)[name]
        for known in (found[0][name], found[1][name]):
            # Products of float32 may add up in another order with other threads.
            torch.testing.assert_close(known.known, alone.known, rtol=1e-6, atol=1e-8)
            torch.testing.assert_close(known.energy, alone.energy, rtol=1e-6, atol=1e-6)
            torch.testing.assert_close(known.resampled, alone.resampled, rtol=1e-5, atol=1e-5)


def test_texts_inherit_the_values_of_their_images_in_equal_parts():
    text = np.array(
        [[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0], [0.3, 0.4], [0.1, 0.2], [2, 1], [1, 1], [0, 3], [1, 2]]
    )
    image = np.random.default_rng(0).normal(size=(10, 2))
    links = np.array([[0, 0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7], [7, 8], [8, 9]])
    base = sde.EmbeddingSet.from_arrays(image, text, links)
    values = np.array(["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"])
    known = band_knowledge(base, {"c": values}, side="text", spectrum=sde.compute_spectrum(text))["c"]
    z = (text - text.mean(axis=0)) @ sde.compute_spectrum(text).basis.numpy()
    share_a = np.array([0.5, 1, 0, 1, 0, 1, 0, 1, 0])
    between = sum((w @ z) ** 2 / w.sum() for w in (share_a, 1 - share_a))
    raw = between / (z**2).sum(axis=0)
    np.testing.assert_allclose(known.known.numpy(), 1 - (1 - raw) * 8 / 7, atol=1e-6)


def test_a_set_of_texts_only_has_columns_of_texts():
    x, basis, _, coarse, _, _ = planted(n=600)
    texts = replace(sde.EmbeddingSet.from_arrays(text=x), metadata={"coarse": coarse.astype(str)})
    known = band_knowledge(texts, side="text", spectrum=_spectrum(x, basis))
    assert known["coarse"].significant.nonzero()[:, 0].tolist() == [0, 1]
    with pytest.raises(sde.DataError, match="image"):
        band_knowledge(texts)


def test_a_column_that_says_nothing_says_why():
    x, *_ = planted(n=100)
    many = made(
        x, one=np.full(100, "a"), ids=np.arange(100).astype(str), gaps=np.array(["a", "b"] * 3 + [""] * 94)
    )
    known = band_knowledge(many)
    assert known["one"].reason == "it has one value only"
    assert "100 values for 100 rows" in known["ids"].reason
    assert "6 rows only" in known["gaps"].reason
    assert known.shares() == {}
    with pytest.raises(sde.DataError, match="column must be one of one, ids, gaps; got 'two'"):
        band_knowledge(many, ["two"])
    with pytest.raises(sde.DataError, match="value for each of 100 images; got 3"):
        band_knowledge(many, {"c": np.arange(3)})
    with pytest.raises(sde.ConfigError, match="side"):
        band_knowledge(many, side="sound")


def test_gaps_are_left_out_and_counted():
    x, basis, _, coarse, _, rng = planted()
    some = np.where(rng.random(len(x)) < 0.3, "", coarse.astype(str))
    known = band_knowledge(made(x, c=some), spectrum=_spectrum(x, basis))["c"]
    assert known.n_gaps == (some == "").sum()
    assert float(known.known[0]) == pytest.approx(2 / 3, abs=0.03)


def test_kinds_of_columns():
    n = 400
    found = column_kinds(
        {
            "label": np.arange(n) % 10,
            "size": np.arange(n),
            "score": np.linspace(0, 1, n),
            "flag": np.arange(n) % 2 == 0,
            "day": np.array([f"2024-01-{1 + i % 28:02d}" for i in range(n)]),
            "word": np.array(["x-y", "z"] * (n // 2)),
        }
    )
    assert found == {
        "label": "category",
        "size": "number",
        "score": "number",
        "flag": "category",
        "day": "number",
        "word": "category",
    }
    with pytest.raises(sde.ConfigError, match="must hold numbers"):
        Column.of("c", ["a"] * 20, "number")


def test_it_is_saved_and_loaded_bit_for_bit(tmp_path):
    x, basis, _, coarse, _, _ = planted(n=500)
    known = band_knowledge(made(x, coarse=coarse.astype(str)), spectrum=_spectrum(x, basis))
    known.save(tmp_path / "k.safetensors")
    again = BandKnowledge.load(tmp_path / "k.safetensors")
    assert repr(again) == repr(known)
    assert again.as_dict() == known.as_dict()
    assert len(known.to_frame()) == 24


@given(st.integers(2, 40), st.integers(0, 1000))
def test_the_share_is_at_most_one_whatever_the_column(n_values, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, 5)) * rng.uniform(0.1, 10, 5)
    known = band_knowledge(made(x, c=rng.integers(0, n_values, 200).astype(str)))["c"]
    assert bool((known.known <= 1 + 1e-12).all())


TABLE = {
    ("emoji", "image", "group"): (90.5, 9.2, 0.2),
    ("emoji", "image", "subgroup"): (70.7, 27.9, 1.5),
    ("emoji", "image", "style"): (36.6, 59.6, 3.8),
    ("emoji", "text", "group"): (38.9, 60.6, 0.4),
    ("clipart", "image", "group"): (77.7, 21.4, 0.9),
    ("clipart", "text", "subgroup"): (12.8, 85.5, 1.7),
}


@pytest.mark.parametrize(("where", "expected"), TABLE.items(), ids=lambda x: "-".join(map(str, x)))
def test_the_bundled_sets(where, expected):
    name, side, column = where
    known = band_knowledge(open_named(name), [column], side=side, n_resamples=0)[column]
    np.testing.assert_allclose(100 * np.array(known.shares(band_labels(name, side))), expected, atol=0.06)


def band_labels(name, side):
    return sde.partition_spectrum(sde.compute_spectrum(getattr(open_named(name), side))).labels


def test_draws_lie_around_what_is_known_without_the_chance_of_the_sample():
    rng = np.random.default_rng(0)
    n, n_values, width = 400, 40, 30
    embeddings = made(rng.normal(size=(n, width)), kind=rng.integers(0, n_values, n).astype(str))
    [column] = band_knowledge(embeddings, {"kind": "category"}).columns
    chance = (n_values - 1) / (n - 1)
    drawn = column.resampled.mean(dim=0) / column.energy
    # Forty values explain a tenth of each direction by chance; with a wrong sign it would come twice on top.
    assert abs(float((drawn - column.known).mean())) < chance / 3
