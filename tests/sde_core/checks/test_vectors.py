"""One number per thing at the border."""

import numpy as np
import pytest
import torch

from sde_core.checks.vectors import as_vector
from sde_core.errors import DataError


@pytest.mark.parametrize(
    "values", [[0.1, 0.2], np.array([0.1, 0.2]), torch.tensor([0.1, 0.2], dtype=torch.float64)]
)
def test_lists_are_read_in_float64(values):
    vector = as_vector(values, "x")
    assert vector.dtype == torch.float64
    assert vector.tolist() == [0.1, 0.2]


@pytest.mark.parametrize("nothing", [[], np.zeros(0), torch.zeros(0)])
def test_no_numbers_are_an_empty_vector(nothing):
    vector = as_vector(nothing, "x")
    assert vector.shape == (0,)
    assert vector.dtype == torch.float64
    assert vector.device.type == "cpu"


@pytest.mark.parametrize(("bad", "shape"), [(1.0, r"\(\)"), (np.zeros((2, 1)), r"\(2, 1\)")])
def test_other_shapes_are_refused(bad, shape):
    with pytest.raises(DataError, match=f"^ranks must be a vector; got shape {shape}$"):
        as_vector(bad, "ranks")


def test_a_bad_entry_is_named_by_its_place():
    with pytest.raises(DataError, match="ranks must be finite; got nan at row 1"):
        as_vector([1.0, float("nan")], "ranks")


def test_no_numbers_stay_on_their_device():
    assert as_vector(torch.zeros(0, device="meta"), "x").device.type == "meta"
