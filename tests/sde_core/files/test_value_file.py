import multiprocessing
import os
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from sde_core import DataError
from sde_core.files.value_file import header_of, plain_value, read_value, write_value
from sde_core.vocabulary import Direction

HEADER = {"key": "a/b", "version": "1"}


@dataclass(frozen=True)
class Row:
    name: str
    ranks: torch.Tensor
    by_way: dict[Direction, tuple[float, ...]]


@dataclass(frozen=True)
class Other:
    name: str


CLASSES = (Row, Direction)
ROW = Row("raw", torch.arange(3, dtype=torch.float64), {Direction.TEXT_RETRIEVAL: (0.1, float("inf"))})


def _back(path, value, classes=CLASSES):
    write_value(path, value, header=HEADER)
    return read_value(path, header=HEADER, classes=classes)


def test_a_result_comes_back_bit_for_bit(tmp_path):
    found = _back(tmp_path / "v.npz", [ROW, None, True, "\N{SNOWMAN}\ud800", np.float32(0.1), (1, [2.5])])
    row, *rest = found
    assert (row.name, row.by_way) == (ROW.name, ROW.by_way)
    assert next(iter(row.by_way)) is Direction.TEXT_RETRIEVAL
    torch.testing.assert_close(row.ranks, ROW.ranks, rtol=0, atol=0)
    assert rest == [None, True, "\N{SNOWMAN}\ud800", np.float32(0.1), (1, [2.5])]
    assert type(rest[3]) is np.float32
    assert header_of(tmp_path / "v.npz") == HEADER


def test_files_of_equal_values_are_told_to_be_equal_without_being_built(tmp_path):
    near = ROW.ranks + torch.tensor([0, 0, 2.0**-50])
    values = {"a": (ROW, 1.5), "b": (ROW, 2.5), "c": (Row("raw", near, ROW.by_way), 1.5)}
    for name, value in values.items():
        write_value(tmp_path / name, value, header=HEADER)
    a, b, c = (plain_value(tmp_path / name)["tuple"] for name in values)
    assert a[0] == b[0] != c[0]
    assert (a[1], b[1]) == (1.5, 2.5)


@given(arrays(scalar_dtypes(), array_shapes(min_dims=0, min_side=0)))
def test_every_array_comes_back_bit_for_bit(tmp_path_factory, array):
    found = _back(tmp_path_factory.mktemp("f") / "v.npz", {"a": array, "b": array.copy()})
    assert found["a"] is found["b"], "each content once"
    assert (found["a"].dtype, found["a"].shape) == (array.dtype, array.shape)
    assert found["a"].tobytes() == array.tobytes()


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists)
)
def test_plain_values_come_back(tmp_path_factory, value):
    assert _back(tmp_path_factory.mktemp("f") / "v.npz", value) == value


def test_equal_values_are_equal_files(tmp_path):
    for name in ("a", "b"):
        write_value(tmp_path / name, [ROW], header=HEADER)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("header", [{**HEADER, "version": "2"}, {**HEADER, "key": "a/c"}, {"key": "a/b"}, {}])
def test_a_file_that_says_something_else_of_itself_is_refused(tmp_path, header):
    write_value(tmp_path / "v.npz", ROW, header=HEADER)
    with pytest.raises(DataError, match="what was asked for"):
        read_value(tmp_path / "v.npz", header=header, classes=CLASSES)


@pytest.mark.parametrize("classes", [(), (Direction,), (Row,), (Other, Direction)])
def test_only_the_classes_that_were_named_are_built(tmp_path, classes):
    with pytest.raises(DataError, match="made of"):
        _back(tmp_path / "v.npz", ROW, classes)


@pytest.mark.parametrize("value", [object(), {1, 2}, print, np.array([object()], dtype=object)])
def test_what_such_files_do_not_hold_is_refused_when_it_is_written(tmp_path, value):
    with pytest.raises((TypeError, ValueError)):
        write_value(tmp_path / "v.npz", value, header=HEADER)
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_one_sentence(tmp_path):
    path = tmp_path / "v.npz"
    write_value(path, [ROW, list(range(200))], header=HEADER)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_value(path, header=HEADER, classes=CLASSES)
    rng = np.random.default_rng(0)
    for _ in range(200):  # a changed byte is found out, or changes nothing
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        try:
            row, numbers = read_value(path, header=HEADER, classes=CLASSES)
        except DataError:
            continue
        assert (row.name, numbers) == (ROW.name, list(range(200)))
        torch.testing.assert_close(row.ranks, ROW.ranks, rtol=0, atol=0)


def _write_often(path, value):
    for _ in range(10):
        write_value(path, [value] * 500, header=HEADER)


def test_of_two_writers_at_once_a_reader_sees_one_whole_value(tmp_path):
    path = tmp_path / "v.npz"
    write_value(path, [0] * 500, header=HEADER)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write_often, args=(path, value)) for value in (1, 2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = read_value(path, header=HEADER)
        assert found in ([0] * 500, [1] * 500, [2] * 500)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert os.listdir(tmp_path) == ["v.npz"]
