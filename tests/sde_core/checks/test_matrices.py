"""What is refused at the border, in one sentence with the position."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sde_core.checks.matrices import as_matrix, as_paired_matrices, check_share
from sde_core.errors import ConfigError, DataError, SDEError


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    bad=st.sampled_from([float("nan"), float("inf"), float("-inf")]),
    dtype=st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    data=st.data(),
)
def test_the_first_bad_entry_is_named(rows, columns, bad, dtype, data):
    matrix = torch.ones(rows, columns, dtype=dtype)
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    matrix[row, column] = bad
    matrix[-1, -1] = bad  # a later one is not the first
    expected = f"image must be finite; got {bad} at row {row}, column {column}: drop or repair that row"
    for given_as in (matrix, matrix.float().numpy()):
        with pytest.raises(DataError, match=re.escape(expected)):
            as_matrix(given_as, "image")


def test_opposite_infinities_do_not_cancel():
    with pytest.raises(DataError, match="row 0, column 1"):
        as_matrix([[1.0, np.inf, -np.inf]], "x")


def test_numbers_whose_sum_overflows_are_finite():
    huge = torch.full((3, 3), torch.finfo(torch.float64).max, dtype=torch.float64)
    torch.testing.assert_close(as_matrix(huge, "x"), huge, rtol=0, atol=0)
    half = torch.full((300, 3), 60_000.0, dtype=torch.float16)
    torch.testing.assert_close(as_matrix(half, "x"), half, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (np.zeros(3), r"x must be a matrix \(samples, features\); got shape \(3,\)"),
        (torch.zeros(2, 2, 2), r"x must be a matrix \(samples, features\); got shape \(2, 2, 2\)"),
        (1.0, r"x must be a matrix \(samples, features\); got shape \(\)"),
        (np.zeros((0, 4)), r"x must have at least one row and one column; got shape \(0, 4\)"),
        (torch.zeros(4, 0), r"x must have at least one row and one column; got shape \(4, 0\)"),
        (np.zeros((2, 2), complex), "x must hold real numbers; got dtype complex128"),
        (torch.zeros(2, 2, dtype=torch.complex64), "x must hold real numbers; got dtype torch.complex64"),
        ([["a", "b"]], "x must hold real numbers; got dtype <U1"),
        (np.array([[None, 1]]), "x must hold real numbers; got dtype object"),
        ([[1.0, 2.0], [3.0]], "x must have rows of one length; got a ragged sequence"),
        (torch.eye(2).to_sparse(), r"x must be dense; got layout torch.sparse_coo: pass x.to_dense\(\)"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(bad, sentence):
    with pytest.raises(DataError, match=f"^{sentence}$") as caught:
        as_matrix(bad, "x")
    assert isinstance(caught.value, SDEError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "int64", "bool"])
def test_integers_become_float64(dtype):
    matrix = as_matrix(np.array([[0, 1], [1, 1]], dtype=dtype), "x")
    assert matrix.dtype == torch.float64
    assert matrix.tolist() == [[0, 1], [1, 1]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_floating_tensor_is_neither_copied_nor_cast(dtype):
    x = torch.ones(2, 3, dtype=dtype, requires_grad=True)
    matrix = as_matrix(x, "x")
    assert matrix.dtype == dtype
    assert matrix.data_ptr() == x.data_ptr()
    assert not matrix.requires_grad


def test_arrays_that_torch_does_not_take_are_converted():
    expected = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    for array in (
        expected.numpy().astype(np.longdouble),
        expected.numpy().astype(">f8"),
        np.asfortranarray(expected.numpy()),
        expected.numpy()[::-1][::-1],
    ):
        torch.testing.assert_close(as_matrix(array, "x"), expected, rtol=0, atol=0)
    locked = expected.numpy().copy()
    locked.flags.writeable = False
    torch.testing.assert_close(as_matrix(locked, "x"), expected, rtol=0, atol=0)


def test_an_array_in_memory_is_not_copied():
    array = np.ones((4, 3), np.float32)
    assert as_matrix(array, "x").data_ptr() == array.ctypes.data


def test_pairs_that_do_not_match_are_refused():
    image, text = np.ones((3, 2)), np.ones((4, 2))
    with pytest.raises(DataError, match=r"^image and text must have one row per pair; got 3 and 4 rows$"):
        as_paired_matrices(image, text, ("image", "text"))
    with pytest.raises(DataError, match=r"^image and text must have the same width; got 2 and 5$"):
        as_paired_matrices(image, np.ones((3, 5)), ("image", "text"))
    _, wide = as_paired_matrices(image, np.ones((3, 5)), ("image", "text"), same_width=False)
    assert wide.shape == (3, 5)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), float("inf")])
def test_shares_lie_between_0_and_1(bad):
    with pytest.raises(ConfigError, match=r"progress must lie in \[0, 1\]; got"):
        check_share(bad, "progress")


def test_a_share_at_the_ends_is_one():
    assert (check_share(0, "x"), check_share(1, "x")) == (0.0, 1.0)


def test_shapes_in_signatures_are_checked_in_this_run():
    from jaxtyping import TypeCheckError

    from sde_core.partition import Decision
    from sde_core.spectra.eigen import symmetric_eigen  # its notes are strings
    from sde_core.spectra.spectrum import with_fixed_signs

    with pytest.raises(TypeCheckError, match="basis"):
        with_fixed_signs(torch.zeros(3))
    with pytest.raises(TypeCheckError, match="matrix"):
        symmetric_eigen(torch.zeros(3))
    with pytest.raises(TypeCheckError, match="labels"):
        Decision(tau_strong=1.0, tau_noise=1.0, labels=torch.zeros(2, 2, dtype=torch.int64))


def test_what_has_no_shape_in_its_signature_is_not_wrapped():
    assert not hasattr(check_share, "__wrapped__")
