"""Spectrum, alignment and geometry metrics: closed forms, independent references, laws, edge cases."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from scipy.stats import skew

import sde_core as sde
from sde_core.geometry import alignment
from sde_core.geometry import neighbourhoods as geometry
from sde_core.geometry.search import nearest_others
from sde_core.spectra.metrics import alpha_req, isoscore, participation_ratio, stable_rank

CHECK = settings(deadline=None, derandomize=True, max_examples=25)
# Sums of a few hundred float64 products: 1e-10 leaves four digits of room above their rounding.
EXACT = {"rtol": 1e-10, "atol": 1e-10}

spectra = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12)
seeds = st.integers(0, 2**31)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(n, seed=0):
    return torch.linalg.qr(normal(n, n, seed=seed))[0]


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


def pairs(m=60, n=8, seed=0):
    image = normal(m, n, seed=seed) + 1
    return image, image + 0.5 * normal(m, n, seed=seed + 1)


# spectrum


def test_printed_values_of_the_table():
    s = [4, 2, 1, 1]
    p = np.array(s) / 8
    assert sde.effective_rank(s) == pytest.approx(3.363586, abs=5e-7)
    assert sde.effective_rank(s) == pytest.approx(math.exp(-(p * np.log(p)).sum()), rel=1e-12)
    assert sde.effective_rank(s, on="energies") == pytest.approx(2.276322, abs=5e-7)
    assert stable_rank(s) == 1.375
    assert participation_ratio(s) == pytest.approx(242 / 137, rel=1e-12)  # 1.766423
    assert isoscore(s) == pytest.approx(35 / 137, rel=1e-12)  # 0.2554745
    assert sde.hellinger_distance(s, [3, 3, 1, 1]) == pytest.approx(0.103928, abs=5e-7)
    assert sde.hellinger_distance(s, [3, 3, 1, 1], on="energies") == pytest.approx(0.215725, abs=5e-7)
    assert alpha_req(1 / np.sqrt(np.arange(1, 400))) == pytest.approx(1.0, rel=1e-10)
    assert alpha_req(np.arange(1, 400.0) ** -1.5) == pytest.approx(3.0, rel=1e-10)


def test_isoscore_is_the_published_algorithm():
    # Rudman et al. 2022, steps 3 to 7, on the variances along the principal directions.
    s = np.array([5.0, 3.0, 2.0, 0.5])
    d, variances = 6, np.array([*s**2, 0, 0])
    normalised = variances * math.sqrt(d) / np.linalg.norm(variances)
    defect = np.linalg.norm(normalised - 1) / math.sqrt(2 * (d - math.sqrt(d)))
    used = (d - defect**2 * (d - math.sqrt(d))) ** 2 / d**2
    assert isoscore(s, d) == pytest.approx((d * used - 1) / (d - 1), rel=1e-12)


@CHECK
@given(spectra, st.floats(1e-150, 1e150))
def test_spectrum_metrics_ignore_scale_and_order_and_stay_in_range(values, scale):
    s = torch.tensor(values, dtype=torch.float64)
    for metric in (sde.effective_rank, stable_rank, participation_ratio):
        value = metric(s)
        assert 1 - 1e-12 <= value <= len(s) * (1 + 1e-12)
        assert metric(s.flip(0) * scale) == pytest.approx(value, rel=1e-9)
    assert participation_ratio(s) <= sde.effective_rank(s, on="energies") * (1 + 1e-12)  # Renyi 2 <= 1
    assert sde.effective_rank(s, on="energies") <= sde.effective_rank(s) * (1 + 1e-12)
    if len(s) > 1:
        assert alpha_req(s.flip(0) * scale) == pytest.approx(alpha_req(s), rel=1e-6, abs=1e-6)
        assert -1e-12 <= isoscore(s) <= 1 + 1e-12


@CHECK
@given(st.integers(1, 9))
def test_equal_values_use_all_directions(r):
    s = torch.full((r,), 3.0)
    expected = [r, r, r, r]
    found = [
        sde.effective_rank(s),
        sde.effective_rank(s, on="energies"),
        stable_rank(s),
        participation_ratio(s),
    ]
    assert found == pytest.approx(expected, rel=1e-12)
    assert r == 1 or isoscore(s) == pytest.approx(1)
    assert r == 1 or alpha_req(s) == pytest.approx(0)


@CHECK
@given(spectra, spectra, spectra)
def test_hellinger_is_a_metric(a, b, c):
    ab, bc, ac = (sde.hellinger_distance(*two) for two in ((a, b), (b, c), (a, c)))
    assert sde.hellinger_distance(b, a) == pytest.approx(ab, abs=1e-12)
    assert sde.hellinger_distance(a, np.array(a) * 7) == pytest.approx(0, abs=1e-7)
    assert 0 <= ac <= 1
    assert ac <= ab + bc + 1e-12


def test_hellinger_fills_the_shorter_spectrum_with_zeros():
    assert sde.hellinger_distance([1], [1, 1]) == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize(("m", "n"), [(40, 7), (7, 40), (1, 5), (5, 1)])
def test_spectrum_metrics_of_any_shape(m, n, dtype):
    spectrum = sde.compute_spectrum(normal(m, n).to(dtype), center=None)
    found = sde.spectrum_metrics(spectrum)
    turned = sde.spectrum_metrics(
        sde.compute_spectrum(normal(m, n).to(dtype).double() @ rotation(n) * 3, center=None)
    )
    assert list(found) == list(turned)
    np.testing.assert_allclose(list(found.values()), list(turned.values()), rtol=1e-9, atol=1e-9)
    assert 1 <= found["participation_ratio"] <= found["rank"] == min(m, n)


def test_a_spectrum_without_directions_has_zero_counts_and_no_ratios():
    found = sde.spectrum_metrics(sde.compute_spectrum(torch.zeros(6, 3)))
    zero = ("rank", "effective_rank", "effective_rank_energy", "stable_rank", "participation_ratio")
    assert [found[name] for name in zero] == [0] * 5
    assert math.isnan(found["isoscore"])
    assert math.isnan(found["alpha_req"])


def test_rank_one_uses_one_direction():
    found = sde.spectrum_metrics(sde.compute_spectrum(torch.outer(normal(9), normal(4)), center=None))
    assert found["effective_rank"] == pytest.approx(1)
    assert found["isoscore"] == pytest.approx(0)
    assert math.isnan(found["alpha_req"])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.effective_rank([[1.0]]), "vector"),
        (lambda: sde.effective_rank([1.0, -1.0]), "at least 0; got -1"),
        (lambda: sde.effective_rank([1.0, math.nan]), "finite"),
        (lambda: sde.effective_rank([1.0], on="both"), "'both'"),
        (lambda: isoscore([1.0, 1.0], 1), "at least 2"),
        (lambda: sde.hellinger_distance([0.0], [1.0]), "zeros"),
    ],
)
def test_bad_spectra_are_refused(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


# alignment


def test_alignment_metrics_against_loops():
    image, text = pairs(23, 5)
    x, y = unit(image).numpy(), unit(text).numpy()
    m = len(x)
    others = [(i, j) for i in range(m) for j in range(m) if i != j]
    centred = [z - z.mean(0) for z in (x, y)]
    gram_x, gram_y = (z @ z.T for z in centred)
    expected = {
        "cone_image": np.mean([x[i] @ x[j] for i, j in others]),
        "cone_text": np.mean([y[i] @ y[j] for i, j in others]),
        "modality_gap": np.linalg.norm(x.mean(0) - y.mean(0)),
        "paired_cosine": np.mean([x[i] @ y[i] for i in range(m)]),
        "random_pair_cosine": np.mean([x[i] @ y[j] for i, j in others]),
        "alignment": np.mean([np.sum((x[i] - y[i]) ** 2) for i in range(m)]),
        "uniformity_image": math.log(np.mean([math.exp(-2 * np.sum((x[i] - x[j]) ** 2)) for i, j in others])),
        "uniformity_text": math.log(np.mean([math.exp(-2 * np.sum((y[i] - y[j]) ** 2)) for i, j in others])),
        # the m x m form of the definition, the code uses the d x d one
        "linear_cka": (gram_x * gram_y).sum() / np.linalg.norm(gram_x) / np.linalg.norm(gram_y),
    }
    found = sde.alignment_metrics(image, text)
    control = found.pop("linear_cka_shuffled")
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), **EXACT)
    assert 0 < control < found["linear_cka"]


@CHECK
@given(seeds)
def test_alignment_metrics_ignore_a_joint_rotation_and_the_scale_of_rows(seed):
    image, text = pairs(seed=seed)
    turn = rotation(8, seed)
    scale = normal(60, 1, seed=seed).abs() + 0.1
    first = sde.alignment_metrics(image, text)
    second = sde.alignment_metrics(image @ turn * scale, text @ turn)
    np.testing.assert_allclose(list(second.values()), list(first.values()), **EXACT)


def test_identical_modalities_have_no_gap():
    image, _ = pairs()
    found = sde.alignment_metrics(image, image * 3)
    assert found["modality_gap"] == pytest.approx(0, abs=1e-15)
    assert found["alignment"] == pytest.approx(0, abs=1e-15)
    assert found["paired_cosine"] == pytest.approx(1)
    assert found["linear_cka"] == pytest.approx(1)
    assert found["random_pair_cosine"] == pytest.approx(found["cone_image"])


def test_a_collapsed_modality():
    image = torch.ones(6, 3)
    found = sde.alignment_metrics(image, normal(6, 3))
    assert found["cone_image"] == pytest.approx(1)
    assert found["uniformity_image"] == pytest.approx(0, abs=1e-14)
    assert math.isnan(found["linear_cka"])


def test_one_pair():
    found = sde.alignment_metrics([[1.0, 0.0]], [[0.0, 2.0]])
    assert found["paired_cosine"] == 0
    assert found["modality_gap"] == pytest.approx(math.sqrt(2))
    undefined = ("cone_image", "cone_text", "random_pair_cosine", "uniformity_image", "linear_cka")
    assert all(math.isnan(found[name]) for name in undefined)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_half_precision_rows_are_read_in_float64(dtype):
    image, text = (x.to(dtype) for x in pairs())
    assert sde.alignment_metrics(image, text) == sde.alignment_metrics(image.double(), text.double())


def test_blocks_of_rows_change_nothing(monkeypatch):
    image, text = pairs(50)
    whole = sde.alignment_metrics(image, text), sde.direction_correlations(image, text, rotation(8))
    monkeypatch.setattr(alignment, "_BLOCK_ROWS", 7)
    blocks = sde.alignment_metrics(image, text), sde.direction_correlations(image, text, rotation(8))
    np.testing.assert_allclose(list(blocks[0].values()), list(whole[0].values()), **EXACT)
    torch.testing.assert_close(blocks[1], whole[1], **EXACT)


def test_uniformity_of_a_sample_is_near_the_whole_and_repeats():
    x = normal(3000, 6)
    whole = sde.uniformity(x, sample=3000)
    drawn = [sde.uniformity(x, sample=800, seed=seed) for seed in range(5)]
    assert len(set(drawn)) == 5
    assert drawn[0] == sde.uniformity(x, sample=800, seed=0)
    assert drawn == pytest.approx([whole] * 5, abs=0.02)  # spread over seeds is about 0.005
    assert sde.uniformity(x * 7, sample=3000) == pytest.approx(whole)


def test_linear_cka_of_other_widths_and_of_rotations():
    x, y = normal(40, 6), normal(40, 3, seed=1)
    assert sde.linear_cka(x, x @ rotation(6) * 5 + 2) == pytest.approx(1)
    assert sde.linear_cka(x, y) == pytest.approx(sde.linear_cka(y, x))
    assert 0 < sde.linear_cka(x, y) < 0.3


@CHECK
@given(seeds, st.integers(2, 5), st.integers(1, 4))
def test_chance_of_linear_cka_is_the_mean_over_all_shuffles(seed, m, width):
    x, y = normal(m, width, seed=seed) + 3, normal(m, 3, seed=seed + 1) * torch.tensor([5.0, 1.0, 0.1])
    every = [sde.linear_cka(x, y[list(order)]) for order in itertools.permutations(range(m))]
    found = sde.linear_cka_chance(x, y)
    assert found == pytest.approx(np.mean(every), rel=1e-9)
    ratios = [participation_ratio(torch.linalg.svdvals(z - z.mean(0))) for z in (x, y)]
    assert found == pytest.approx(math.sqrt(ratios[0] * ratios[1]) / (m - 1), rel=1e-9)


def test_chance_of_linear_cka_where_there_is_none():
    assert math.isnan(sde.linear_cka_chance(torch.ones(1, 3), torch.ones(1, 2)))
    assert math.isnan(sde.linear_cka_chance(torch.ones(5, 3), normal(5, 3)))
    with pytest.raises(sde.DataError, match="one row per pair"):
        sde.linear_cka_chance(normal(4, 3), normal(5, 3))


def test_direction_correlations_are_those_of_numpy():
    image, text = pairs(40, 5)
    basis = rotation(5)[:, :3]
    expected = [np.corrcoef((image @ v).numpy(), (text @ v).numpy())[0, 1] for v in basis.T]
    found = sde.direction_correlations(image, text, basis)
    np.testing.assert_allclose(found, expected, **EXACT)
    torch.testing.assert_close(sde.direction_correlations(image, text, -2 * basis), found, **EXACT)


def test_direction_correlations_where_a_side_does_not_vary():
    image, text = pairs(40, 3)
    image[:, 1] = 0.1
    found = sde.direction_correlations(image, text, torch.eye(3))
    assert found.isnan().tolist() == [False, True, False]


# geometry


@CHECK
@given(seeds, st.integers(1, 5), st.integers(1, 5))
def test_principal_angles_are_those_of_scipy(seed, k, size):
    # 10 dimensions, so that no direction must be shared: scipy gives 2e-8 for an angle of 0.
    a, b = rotation(10, seed)[:, :k], rotation(10, seed + 1)[:, :size]
    found = sde.principal_angles(a, b)
    np.testing.assert_allclose(found, np.sort(subspace_angles(a.numpy(), b.numpy())), atol=1e-12)
    overlap = sde.subspace_overlap(a, b)
    assert overlap == pytest.approx(float(found.cos().square().mean()), abs=1e-12)
    turned = sde.subspace_overlap(a @ rotation(k, seed), -b)
    assert turned == pytest.approx(overlap, abs=1e-12)


def test_small_angles_keep_their_digits():
    angle = 1e-9
    b = torch.tensor([[math.cos(angle)], [math.sin(angle)], [0.0]], dtype=torch.float64)
    found = sde.principal_angles(torch.eye(3, dtype=torch.float64)[:, :1], b)
    assert float(found) == pytest.approx(angle, rel=1e-6)


@CHECK
@given(seeds, st.integers(1, 6))
def test_neighbourhood_overlap_is_that_of_sets(seed, k):
    rng = np.random.default_rng(seed)
    a, b = (np.stack([rng.permutation(9)[:k] for _ in range(7)]) for _ in range(2))
    expected = [len(set(x) & set(y)) / k for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    found = sde.neighbourhood_overlap(a, b)
    np.testing.assert_allclose(found, expected, **EXACT)
    torch.testing.assert_close(sde.neighbourhood_overlap(b[:, ::-1].copy(), a), found, **EXACT)


def test_neighbourhood_overlap_of_unrelated_spaces_is_chance_and_rotations_change_nothing():
    x, y = normal(400, 6), normal(400, 9, seed=1)
    near = [nearest_others(z, 20)[0][:, 1:] for z in (x, y, 7 * x @ rotation(6))]
    # k / (m - 1) = 0.0501; each row's count varies by about 1, so the mean of 400 by 0.05 of 20.
    assert float(sde.neighbourhood_overlap(near[0], near[1]).mean()) == pytest.approx(20 / 399, abs=0.01)
    assert float(sde.neighbourhood_overlap(near[0], near[2]).mean()) == 1


def test_neighbourhood_overlap_in_blocks(monkeypatch):
    a, b = (torch.stack([torch.randperm(30)[:5] for _ in range(11)]) for _ in range(2))
    whole = sde.neighbourhood_overlap(a, b)
    monkeypatch.setattr(geometry, "BLOCK_ENTRIES", 100)
    torch.testing.assert_close(sde.neighbourhood_overlap(a, b), whole, **EXACT)


def test_overlap_of_a_subspace_with_itself_and_its_complement():
    basis = rotation(6)
    assert sde.subspace_overlap(basis[:, :2], basis[:, :4] @ rotation(4)) == pytest.approx(1)
    assert sde.subspace_overlap(basis[:, :2], basis[:, 2:]) == pytest.approx(0, abs=1e-15)


def test_k_occurrence_against_a_loop_and_its_skewness():
    image, text = pairs(30, 5)
    cosine = (unit(image) @ unit(text).T).numpy()
    for direction, scores in (("text_retrieval", cosine), ("image_retrieval", cosine.T)):
        expected = np.zeros(30, dtype=int)
        for row in scores:
            expected[np.argsort(-row)[:4]] += 1
        found = sde.k_occurrence(image, text, direction=direction, k=4)
        np.testing.assert_array_equal(found, expected)
        assert found.sum() == 4 * 30
        assert sde.hubness(found) == pytest.approx(skew(expected), rel=1e-12)


def test_a_hub_is_seen():
    text = torch.cat([normal(100, 10), torch.ones(1, 10)])
    image = normal(200, 10) + 3
    assert sde.hubness(sde.k_occurrence(image, text, k=1)) > 5


@pytest.mark.parametrize(("d", "n"), [(2, 20), (5, 40)])
def test_two_nn_is_that_of_scikit_dimension(d, n):
    skdim_id = pytest.importorskip("skdim.id")
    x = normal(500, d) @ normal(d, n, seed=1)
    found = sde.two_nn_dimension(x)
    assert found == pytest.approx(skdim_id.TwoNN().fit(x.numpy()).dimension_, rel=1e-8)
    assert found == pytest.approx(d, rel=0.15)  # standard error d / sqrt(500), about 5 %
    assert sde.two_nn_dimension(x @ rotation(n) * 4 + 9) == pytest.approx(found, rel=1e-6)


def test_two_nn_of_a_sample_searches_all_rows():
    x = normal(2000, 3)
    whole = sde.two_nn_dimension(x)
    assert sde.two_nn_dimension(x, points=600) == pytest.approx(whole, rel=0.15)
    assert sde.two_nn_dimension(x, points=600) == sde.two_nn_dimension(x, points=600)


def test_two_nn_leaves_duplicates_out():
    x = normal(300, 3)
    with_duplicates = torch.cat([x, x[:40]])
    assert sde.two_nn_dimension(with_duplicates) == pytest.approx(3, rel=0.25)
    assert math.isnan(sde.two_nn_dimension(torch.ones(20, 3)))
    assert math.isnan(sde.two_nn_dimension(torch.ones(1, 3)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.alignment_metrics(torch.eye(3), torch.eye(2)), "one row per pair"),
        (lambda: sde.alignment_metrics(torch.eye(2), torch.eye(3)[:2]), "same width"),
        (lambda: sde.alignment_metrics(torch.zeros(2, 2), torch.eye(2)), "zeros; got one at row 0"),
        (lambda: sde.uniformity(torch.eye(3), sample=1), "at least 2"),
        (lambda: sde.direction_correlations(torch.eye(3), torch.eye(3), torch.eye(2)), "3 rows"),
        (lambda: sde.subspace_overlap(torch.eye(3), 2 * torch.eye(3)), "second must have orthonormal"),
        (lambda: sde.subspace_overlap(torch.eye(3), torch.eye(2)), "number of rows"),
        (lambda: sde.neighbourhood_overlap([[0.5]], [[1]]), "first must be a table .* of whole numbers"),
        (lambda: sde.neighbourhood_overlap([[1, 2]], [[1]]), "the same shape"),
        (
            lambda: sde.neighbourhood_overlap([[1, 2]], [[3, 3]]),
            "second must name each neighbour once; row 0",
        ),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(3), k=4), r"\[1, 3\]"),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(3), direction="up", k=1), "'up'"),
        (lambda: sde.k_occurrence(torch.eye(3), torch.eye(2), k=1), "same width"),
        (lambda: sde.hubness([[1]]), "vector"),
        (lambda: sde.two_nn_dimension(torch.eye(3), points=2), "at least 3"),
        (lambda: sde.two_nn_dimension(torch.eye(3), discard=1.0), r"\[0, 1\)"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


def test_the_gap_alone_is_that_of_the_alignment_metrics_and_needs_no_pairs():
    generator = torch.Generator().manual_seed(0)
    image, text = (torch.randn(50, 6, generator=generator) + offset for offset in (0.0, 2.0))
    gap = sde.alignment_metrics(image, text)["modality_gap"]
    # Sums of 50 rows in float64, in another order.
    assert sde.modality_gap(image, text) == pytest.approx(gap, rel=1e-13)
    assert sde.modality_gap(4 * image, text[torch.randperm(50, generator=generator)]) == pytest.approx(
        gap, rel=1e-13
    )
    with pytest.raises(sde.DataError, match="same width; got 6 and 5"):
        sde.modality_gap(image, text[:, :5])
