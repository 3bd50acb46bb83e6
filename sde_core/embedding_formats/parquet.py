"""parquet files with vectors as lists, lists of fixed size or bytes, one file or many parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sde_core.embedding_formats.base import Container, Floats, Matrix, Table, check_vectors
from sde_core.embedding_formats.byte_columns import decoder_of, rows_of
from sde_core.embedding_formats.parquet_size import check_declared
from sde_core.embedding_formats.roles import is_image_name, is_text_name, is_vector_name
from sde_core.embedding_formats.tables import parquet_schema, parquet_table
from sde_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_ENTRIES = 1 << 22  # numbers that are read at one time
_SAMPLE = 64  # cells of bytes by which their kind is told


def open_parquet(paths: list[Path]) -> Container:
    """Return the columns of vectors and the other columns of parquet files, which lie one after the other.

    Raises:
        DataError: not parquet, damaged, or the parts do not fit each other.
    """
    place = str(paths[0]) if len(paths) == 1 else str(paths[0].parent)
    schema, _ = parquet_schema(paths[0])
    table = parquet_table(paths)
    _check_sizes(paths)
    for path in paths[1:]:
        lacking = [n for n in schema.names if n not in parquet_schema(path)[0].names]
        if lacking:
            raise DataError(f"{path} must have the columns of {paths[0]}; it lacks {', '.join(lacking)}")
    vectors = [name for name in schema.names if _is_vectors(schema.field(name).type)]
    matrices: dict[str, Matrix | DataError] = {}
    for name in vectors:
        try:
            matrices[name] = _matrix(paths, name, table, f"{place}, {name}")
        except DataError as error:
            matrices[name] = error
    for name in schema.names:
        if _is_bytes(schema.field(name).type):
            try:
                found = _matrix_of_bytes(paths, name, table, f"{place}, {name}")
            except DataError as error:
                found = error
            if found is not None:
                matrices[name] = found
    return Container(place=place, matrices=matrices, columns=dict.fromkeys(table.names, table))


def _stored(kind: "pa.DataType") -> "pa.DataType":
    """Return the type that is stored: an extension type, such as a tensor of fixed shape, is kept as another."""
    return getattr(kind, "storage_type", kind)


def _check_sizes(paths: list[Path]) -> None:
    """Refuse files whose columns unfold to far more than their size: vectors hardly compress.

    Equal values are stored once, so that a small file can declare any number of them.
    """
    import pyarrow.parquet as pq

    for path in paths:
        parquet_schema(path)  # says what is wrong with a damaged part
        check_declared(path, pq.read_metadata(path))


def _is_vectors(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    kind = _stored(kind)
    is_list = pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind)
    return bool(is_list) and bool(pt.is_floating(kind.value_type) or pt.is_integer(kind.value_type))


def _matrix(paths: list[Path], name: str, table: Table, place: str) -> Matrix:
    kinds = {parquet_schema(path)[0].field(name).type for path in paths}
    for kind in kinds:
        if not _is_vectors(kind):
            raise DataError(f"{place} must hold lists of numbers in every part; one has {kind}")
    scale = _scale(name, table) if any(_is_whole(kind) for kind in kinds) else None
    values = {
        np.float32 if scale is not None and _is_whole(kind) else _stored(kind).value_type.to_pandas_dtype()
        for kind in kinds
    }
    width = _first_width(paths, name)
    dtypes = {check_vectors((table.n_rows, width), value, place) for value in values}
    dtype = dtypes.pop() if len(dtypes) == 1 else np.dtype(np.float32)
    reasons: dict[int, str] = {}

    def blocks() -> Iterator[Floats]:
        start = 0
        for batch in _batches(paths, name, max(1, _ENTRIES // width)):
            if start + len(batch) > table.n_rows:
                raise DataError(
                    f"{place} must have the {table.n_rows:,} rows that the file declares; it has more"
                )
            rows = _rows(batch, width, dtype, reasons, start)
            yield rows if scale is None else rows * scale[start : start + len(batch), None]
            start += len(batch)

    return Matrix(place=place, shape=(table.n_rows, width), dtype=dtype, blocks=blocks, reasons=reasons)


def _is_bytes(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    kind = _stored(kind)
    return bool(pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind))


def _matrix_of_bytes(paths: list[Path], name: str, table: Table, place: str) -> Matrix | DataError | None:
    """Return a column of bytes as vectors; None where it holds something else, such as images.

    Raises:
        DataError: they may be of several kinds, or the file is damaged.
    """
    may_be_bare = is_vector_name(name)  # a column called image holds images, unless its cells are npy files
    if not (may_be_bare or is_image_name(name) or is_text_name(name)):
        return None
    first: list[bytes] = []
    for batch in _batches(paths, name, _SAMPLE):
        first = [cell for cell in batch.to_pylist() if cell is not None]
        if first:
            break
    known = decoder_of(first, place, may_be_bare=may_be_bare)
    if known is None:
        return None
    decode, remark = known
    width = int(decode(first[0]).size)
    check_vectors((table.n_rows, width), np.float32, place)
    reasons: dict[int, str] = {}

    def blocks() -> Iterator[Floats]:
        start = 0
        for batch in _batches(paths, name, max(1, _ENTRIES // width)):
            yield rows_of(batch.to_pylist(), decode, width, reasons, start)
            start += len(batch)

    return Matrix(
        place=place,
        shape=(table.n_rows, width),
        dtype=np.dtype(np.float32),
        blocks=blocks,
        reasons=reasons,
        remark=remark,
    )


def _is_whole(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    return bool(pt.is_integer(_stored(kind).value_type))


def _scale(name: str, table: Table) -> Floats | None:
    """Return the column of scales of quantised vectors, one a row; None where there is none.

    Raises:
        DataError: it holds something that is no scale.
    """
    side = "image" if is_image_name(name) else "text" if is_text_name(name) else name
    names = (f"{name}_scale", f"{name}_scales", f"{side}_scale", f"{side}_scales", "scale", "scales")
    column = next((each for each in names if each in table.names), None)
    if column is None:
        return None
    try:
        found = np.asarray(table.read(column), dtype=np.float32)
    except (TypeError, ValueError):
        found = np.empty(0, np.float32)
    if found.shape != (table.n_rows,) or not (np.isfinite(found).all() and found.all()):
        raise DataError(
            f"{table.place}, {column} must hold scales of the vectors, finite and not zero, one a row"
        )
    return found


def _first_width(paths: list[Path], name: str) -> int:
    """Return the length of the first list that is there; 0 where there is none."""
    for batch in _batches(paths, name, 64):
        lengths = batch.value_lengths().drop_null()
        if len(lengths):
            return int(lengths[0].as_py())
    return 0


def _batches(paths: list[Path], name: str, rows: int) -> "Iterator[Any]":
    import pyarrow.parquet as pq

    for path in paths:
        try:
            for batch in pq.ParquetFile(path).iter_batches(rows, columns=[name]):
                column = batch.column(0)
                yield getattr(column, "storage", column)
        except (ValueError, OSError, KeyError, MemoryError) as error:
            line = (str(error).splitlines() or [""])[0]
            raise DataError(f"{path}, column {name} is damaged: {line}") from None


def _rows(lists: Any, width: int, dtype: np.dtype[Any], reasons: dict[int, str], start: int) -> Floats:  # noqa: ANN401
    """Return lists as rows; one that is missing or of another length is NaN and has its reason."""
    lengths = lists.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    whole = lengths == width
    numbers = lists.flatten().to_numpy(zero_copy_only=False)  # leaves missing lists out; a null is NaN
    with np.errstate(over="ignore"):
        numbers = numbers.astype(dtype, copy=False)
    if whole.all():
        as_rows: Floats = numbers.reshape(-1, width)
        return as_rows
    rows = np.full((len(lengths), width), np.nan, dtype)
    ends = np.cumsum(np.maximum(lengths, 0))
    for row in np.flatnonzero(whole):
        rows[row] = numbers[ends[row] - width : ends[row]]
    for row in np.flatnonzero(~whole):
        got = "no vector" if lengths[row] < 0 else f"{lengths[row]} numbers"
        reasons[start + int(row)] = f"it has {got} instead of {width} numbers"
    return rows
