"""Disentanglement as numbers: closed forms, and rotations as the null."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.knowledge.disentangled import band_specificity, dci, disentanglement, mutual_information_gap


def test_closed_forms_of_dci():
    assert dci(torch.eye(4)) == (1.0, 1.0)
    assert dci(torch.ones(5, 3)) == (0.0, 0.0)
    # One direction knows both columns; the other two know nothing.
    shared = torch.tensor([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert dci(shared) == (0.0, 1.0)
    # Each column has two directions of its own, of four.
    split = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert dci(split) == (1.0, pytest.approx(1 - np.log(2) / np.log(4)))


def test_dci_is_that_of_plain_loops():
    importance = np.random.default_rng(0).random((6, 4))
    total = importance.sum()
    first = sum(
        (1 + sum(p * np.log(p) for p in row / row.sum()) / np.log(4)) * row.sum() / total
        for row in importance
    )
    second = sum(
        (1 + sum(p * np.log(p) for p in column / column.sum()) / np.log(6)) * column.sum() / total
        for column in importance.T
    )
    assert dci(torch.from_numpy(importance)) == (pytest.approx(first), pytest.approx(second))


def test_closed_forms_of_the_mutual_information_gap():
    values = np.tile([0, 1], 500)
    noise = np.tile([0.0, 0.0, 1.0, 1.0], 250)
    assert mutual_information_gap(np.stack([values * 1.0, noise], axis=1), values) == pytest.approx(1)
    assert mutual_information_gap(np.stack([values * 1.0, -values * 2.0], axis=1), values) == pytest.approx(0)
    with pytest.raises(sde.DataError, match="two kinds"):
        mutual_information_gap(np.ones((4, 2)), np.zeros(4, int))


def test_closed_forms_of_specificity():
    assert band_specificity([0, 1, 0]) == 1
    assert band_specificity([1, 1, 0]) == pytest.approx(1 - np.log(2) / np.log(3))


def test_planted_columns_are_disentangled_and_rotations_are_not():
    rng = np.random.default_rng(0)
    n, d = 2000, 8
    one, two = rng.integers(0, 3, n), rng.integers(0, 3, n)
    x = rng.normal(size=(n, d)) * np.linspace(3, 1, d)
    x[:, 0] += 9 * (one - 1)
    x[:, 3] += 6 * (two - 1)
    found = sde.EmbeddingSet.from_arrays(x, x)
    columns = {"one": one.astype(str), "two": two.astype(str)}
    told = disentanglement(found, columns, n_rotations=5)
    assert told.disentanglement > 0.95
    assert told.completeness > 0.8
    assert float(told.null["disentanglement"].max()) < told.disentanglement
    assert float(told.null["completeness"].max()) < told.completeness
    assert set(told.gap) == {"one", "two"}
    assert float(told.null["gap"].max()) < told.numbers["gap"]
    spectrum = sde.compute_spectrum(found.image, center="mean")
    codes = (
        found.image.astype(np.float64) - found.image.mean(axis=0, dtype=np.float64)
    ) @ spectrum.basis.double().numpy()
    assert told.gap["one"] == pytest.approx(mutual_information_gap(codes, one), abs=0.02)
    again = disentanglement(found, columns, n_rotations=5)
    torch.testing.assert_close(again.null["completeness"], told.null["completeness"])
    with pytest.raises(sde.DataError, match="two at least"):
        disentanglement(found, {"one": columns["one"]})
