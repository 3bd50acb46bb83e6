"""Neighbourhood overlap, hubs and intrinsic dimension against loops and references."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import skew

import sde_core as sde
from sde_core.geometry import neighbourhoods as geometry
from sde_core.geometry.search import nearest_others
from tests.sde_core.spectra.pairs import CHECK, EXACT, normal, pairs, rotation, seeds, unit


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
