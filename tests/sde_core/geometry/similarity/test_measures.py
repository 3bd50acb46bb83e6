"""Similarities against independent references, plain loops and laws."""

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial import procrustes
from scipy.stats import spearmanr

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.neighbourhoods import neighbourhood_overlap
from sde_core.geometry.similarity.measures import measure_names, similarity

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)) * [3, 2, 1, 0.5, 0.2]
Y = X @ RNG.normal(size=(5, 7)) + RNG.normal(size=(24, 7))


@pytest.mark.parametrize("measure", measure_names())
def test_the_same_space_turned_and_scaled_is_one_and_nothing_is_more(measure):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    flat = X - X.mean(0)  # cosines of measures that do not centre
    assert similarity(flat, 3 * flat @ turn, measure) == pytest.approx(1, abs=1e-9)
    assert similarity(X, Y, measure) < 1


@pytest.mark.parametrize("measure", sorted(set(measure_names()) - {"pwcca"}))
def test_both_sides_are_alike_but_for_pwcca(measure):
    # The neighbours of CKNNA's kernels are not mutual: its last term, of the order of 1 / m, tells the sides apart.
    rel = 0.05 if measure == "cknna" else 1e-6
    assert similarity(X, Y, measure) == pytest.approx(similarity(Y, X, measure), rel=rel)


def test_cknna_is_that_of_plain_loops():
    x, y = (torch.nn.functional.normalize(torch.as_tensor(z[:14]), dim=1).numpy() for z in (X, Y))
    m = len(x)

    def kept(k):
        best = [sorted((j for j in range(m) if j != i), key=lambda j: -k[i, j])[:10] for i in range(m)]
        return np.array([[j in best[i] for j in range(m)] for i in range(m)])

    def hsic(k, other):
        first = sum(k[i, j] * other[j, i] for i in range(m) for j in range(m))
        last = sum(k[i, j] * other[j, n] for i in range(m) for j in range(m) for n in range(m))
        return first + k.sum() * other.sum() / ((m - 1) * (m - 2)) - 2 * last / (m - 2)

    a, b = x @ x.T, y @ y.T
    both = kept(a) & kept(b)
    expected = hsic(both * a, both * b) / np.sqrt(
        hsic(kept(a) * a, kept(a) * a) * hsic(kept(b) * b, kept(b) * b)
    )
    assert similarity(X[:14], Y[:14], "cknna") == pytest.approx(expected)


def test_unbiased_cka_is_the_u_statistic_over_distinct_rows():
    x, y = X[:7], Y[:7]
    kernels = [(z - z.mean(0)) @ (z - z.mean(0)).T for z in (x, y)]

    def hsic(k, other):
        terms = [
            k[i, j] * (other[i, j] + other[q, r] - 2 * other[i, q])
            for i, j, q, r in itertools.permutations(range(7), 4)
        ]
        return np.mean(terms)

    k, other = kernels
    expected = hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))
    assert similarity(x, y, "unbiased-cka") == pytest.approx(expected, rel=1e-9)


def test_mutual_neighbours_are_those_of_the_overlap():
    tables = []
    for z in (X, Y):
        unit = z / np.linalg.norm(z, axis=1, keepdims=True)
        scores = unit @ unit.T
        np.fill_diagonal(scores, -9)
        tables.append(np.argsort(-scores, axis=1)[:, :10].copy())
    assert similarity(X, Y, "mutual-knn") == pytest.approx(float(neighbourhood_overlap(*tables).mean()))


def test_procrustes_is_scipys_disparity():
    both = procrustes(np.pad(X, ((0, 0), (0, 2))), Y)[2]
    assert similarity(X, Y, "procrustes") ** 2 == pytest.approx(1 - both, rel=1e-9)


def test_rsa_is_scipys_spearman_of_the_cosines():
    upper = np.triu_indices(24, 1)
    cosines = []
    for z in (X - X.mean(0), Y - Y.mean(0)):
        unit = z / np.linalg.norm(z, axis=1, keepdims=True)
        cosines.append((unit @ unit.T)[upper])
    assert similarity(X, Y, "rsa") == pytest.approx(spearmanr(*cosines).statistic, rel=1e-9)


def _canonical(x, y):
    """Canonical correlations and directions from the covariances, by generalised eigenvalues."""
    x, y = x - x.mean(0), y - y.mean(0)
    inner = np.linalg.solve(x.T @ x, x.T @ y) @ np.linalg.solve(y.T @ y, y.T @ x)
    squares, directions = np.linalg.eig(inner)
    order = np.argsort(-squares.real)
    return np.sqrt(np.clip(squares.real[order], 0, 1)), (x @ directions.real[:, order])


def test_pwcca_weights_canonical_correlations_by_what_they_explain():
    correlations, variates = _canonical(X, Y)
    variates = variates / np.linalg.norm(variates, axis=0)
    weights = np.abs(variates.T @ (X - X.mean(0))).sum(1)
    assert similarity(X, Y, "pwcca") == pytest.approx(
        (weights * correlations).sum() / weights.sum(), rel=1e-7
    )


def test_svcca_is_the_mean_canonical_correlation_where_all_directions_hold_variance():
    x, y = (z / z.std(0) for z in (X, Y))
    assert similarity(x, y, "svcca") == pytest.approx(_canonical(x, y)[0].mean(), rel=1e-7)


def test_cknna_of_all_neighbours_is_unbiased_cka_of_cosines():
    x = X[:11]  # ten neighbours are all others
    unit = [torch.nn.functional.normalize(torch.as_tensor(z[:11]), dim=1) for z in (X, Y)]
    kernels = [(u @ u.T).fill_diagonal_(0) for u in unit]
    from sde_core.geometry.similarity.measures import _hsic

    k, other = kernels
    expected = _hsic(k, other) / (_hsic(k, k) * _hsic(other, other)) ** 0.5
    assert similarity(x, Y[:11], "cknna") == pytest.approx(expected)


def test_bad_input_is_refused():
    with pytest.raises(ConfigError, match="measure must be one of"):
        similarity(X, Y, "cka")
    with pytest.raises(DataError, match="at least 4 rows; got 3"):
        similarity(X[:3], Y[:3])
    assert sde.similarity is similarity
