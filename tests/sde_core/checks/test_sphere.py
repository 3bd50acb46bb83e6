"""Rows of unit length, of any size, in blocks."""

import numpy as np
import pytest
import torch

from sde_core.checks import sphere
from sde_core.checks.sphere import unit_rows
from sde_core.errors import DataError


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1.0, 1e200])
def test_rows_are_those_of_numpy_whatever_their_length(scale):
    x = np.random.default_rng(0).normal(size=(7, 3))
    unit = unit_rows(x * scale, "x", torch.float64)
    # three squares and a root in float64
    np.testing.assert_allclose(unit.numpy(), x / np.linalg.norm(x, axis=1, keepdims=True), rtol=1e-14)
    assert unit_rows(x, "x").dtype == torch.float32


def test_blocks_change_nothing(monkeypatch):
    x = torch.randn(11, 4, generator=torch.Generator().manual_seed(0))
    whole = unit_rows(x, "x")
    seen = []
    norm = torch.linalg.vector_norm
    monkeypatch.setattr(sphere, "_BLOCK_ENTRIES", 12)
    monkeypatch.setattr(torch.linalg, "vector_norm", lambda b, **more: seen.append(len(b)) or norm(b, **more))
    torch.testing.assert_close(unit_rows(x, "x"), whole, rtol=0, atol=0)
    assert seen == [3, 3, 3, 2]
    monkeypatch.setattr(sphere, "_BLOCK_ENTRIES", 1)  # a row is the least
    torch.testing.assert_close(unit_rows(x, "x"), whole, rtol=0, atol=0)


@pytest.mark.parametrize("row", [0, 4, 5, 10])
def test_the_first_row_of_zeros_is_named(monkeypatch, row):
    monkeypatch.setattr(sphere, "_BLOCK_ENTRIES", 8)
    x = torch.ones(11, 2)
    x[row:] = 0
    with pytest.raises(
        DataError, match=f"^image must have no row of zeros; got one at row {row}: drop that row$"
    ):
        unit_rows(x, "image")
