"""Singular values of rows with their mean, against those of the rows themselves."""

import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.uncentred import uncentred_values

_EPS = torch.finfo(torch.float64).eps


def _drawn(m, n, shift=0.0):
    rows = torch.randn(m, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return rows * torch.logspace(0, -4, n, dtype=torch.float64) + shift


def _signs(n):
    """Rows at +1 and -1 along each axis: all singular values are equal, the mean is 0."""
    return torch.cat([torch.eye(n, dtype=torch.float64), -torch.eye(n, dtype=torch.float64)])


@pytest.mark.parametrize(
    "rows",
    [
        _drawn(60, 12),
        _drawn(60, 12, shift=5.0),
        _drawn(7, 12, shift=0.3),
        _signs(6),  # equal values, no mean
        _signs(6) + 0.5,  # equal values, a mean along all of them
        torch.cat([_signs(6), torch.full((12, 1), 3.0)], dim=1),  # a mean outside of all of them
        _drawn(60, 12) @ torch.eye(12, dtype=torch.float64)[:, :3] @ torch.ones(3, 12, dtype=torch.float64),
        torch.full((5, 3), 2.0),  # nothing but a mean
        torch.zeros(5, 3),
    ],
    ids=["plain", "far", "wide", "equal", "equal and far", "mean outside", "rank one", "constant", "zero"],
)
def test_they_are_those_of_the_rows(rows):
    rows = rows.double()
    found = uncentred_values(sde.compute_spectrum(rows, route="svd"), rows.mean(dim=0))
    whole = torch.linalg.svdvals(rows).flip(0)
    short = max(0, len(whole) - len(found))
    filled = torch.cat([found.new_zeros(short), found])
    whole = torch.cat([whole.new_zeros(len(filled) - len(whole)), whole])
    # Squares of the values are summed: what is below the root of their rounding is lost in both.
    torch.testing.assert_close(filled, whole, rtol=1e-9, atol=30 * _EPS**0.5 * float(whole.max()))
