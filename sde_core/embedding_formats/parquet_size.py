"""What columns of parquet unfold to: equal values are stored once, so that a small file can hold any number of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.pairs.limits import allowed_unpacked

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def check_declared(path: Path, footer: "pq.FileMetaData", names: Sequence[str] | None = None) -> None:
    """Refuse a file whose columns declare far more than its size.

    Args:
        path: of the file.
        footer: of it.
        names: of the columns that count; None is all.

    Raises:
        DataError: more than a hundredfold.
    """
    size = path.stat().st_size
    groups = [footer.row_group(g) for g in range(footer.num_row_groups)]
    chunks = [group.column(c) for group in groups for c in range(footer.num_columns)]
    if names is not None:
        chunks = [chunk for chunk in chunks if chunk.path_in_schema.partition(".")[0] in names]
    unfolded = sum(max(chunk.num_values * 4, chunk.total_uncompressed_size) for chunk in chunks)
    if unfolded > allowed_unpacked(size) or any(chunk.num_values < 0 for chunk in chunks):
        raise _bomb(path, unfolded)


def unfolded_columns(path: Path, names: Sequence[str]) -> "pa.Table":
    """Return columns of a file, texts among them as long as they are together not far larger than the file.

    Texts are read as they are stored, each different one once, and counted before they are unfolded.

    Args:
        path: of the file.
        names: of the columns.

    Raises:
        DataError: they unfold to more than a hundredfold.
        ValueError, OSError, KeyError, MemoryError: the file is damaged.
    """
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    texts = [name for name in names if name in schema.names and _is_text(schema.field(name).type)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    check_declared(path, file.metadata, names)
    table = file.read(columns=list(names))
    counted = sum(_letters(column) for column in table.columns)
    if counted > allowed_unpacked(path.stat().st_size):
        raise _bomb(path, counted)
    for place, name in enumerate(table.column_names):
        if name in texts:
            field = schema.field(name)
            table = table.set_column(place, field, table.column(place).cast(field.type))
    return table


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow.types as pt

    return any(test(kind) for test in (pt.is_string, pt.is_large_string, pt.is_binary, pt.is_large_binary))


def _letters(column: "pa.ChunkedArray") -> int:
    """Return the bytes of all texts of a column that is stored as a dictionary; 0 for others."""
    import pyarrow.compute as pc
    import pyarrow.types as pt

    if not pt.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    lengths = (pc.take(pc.binary_length(part.dictionary), part.indices) for part in column.chunks)
    return sum(pc.sum(each.cast("int64")).as_py() or 0 for each in lengths)


def _bomb(path: Path, unfolded: int) -> DataError:
    return DataError(
        f"{path} declares {unfolded:,} bytes unfolded from {path.stat().st_size:,}, more than a hundredfold: refused "
        "as a bomb"
    )
