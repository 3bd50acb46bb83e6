"""Alignment, uniformity, gap, CKA and principal angles against loops and references."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import subspace_angles

import sde_core as sde
from sde_core.geometry import alignment
from sde_core.spectra.metrics import participation_ratio
from tests.sde_core.spectra.pairs import CHECK, EXACT, normal, pairs, rotation, seeds, unit


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


def test_a_table_of_spaces_is_each_two_of_them():
    spaces, seen = [normal(40, 3), normal(40, 7), torch.ones(40, 2), 2 * normal(40, 3)], []
    found, chance = alignment.linear_cka_table(spaces, progress=lambda i, j: seen.append((i, j)))
    assert seen == list(itertools.combinations(range(4), 2))
    for i, j in itertools.permutations(range(4), 2):
        expected = sde.linear_cka(spaces[i], spaces[j]), sde.linear_cka_chance(spaces[i], spaces[j])
        np.testing.assert_allclose((found[i, j], chance[i, j]), expected, **EXACT)
    assert found.diagonal().tolist() == chance.diagonal().tolist() == [1, 1, 1, 1]
    with pytest.raises(sde.DataError, match="one row per pair"):
        alignment.linear_cka_table([normal(4, 3), normal(5, 3)])


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


def test_overlap_of_a_subspace_with_itself_and_its_complement():
    basis = rotation(6)
    assert sde.subspace_overlap(basis[:, :2], basis[:, :4] @ rotation(4)) == pytest.approx(1)
    assert sde.subspace_overlap(basis[:, :2], basis[:, 2:]) == pytest.approx(0, abs=1e-15)


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
