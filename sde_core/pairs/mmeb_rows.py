"""Rows of MMEB's files, parquet or JSON lines: a query and its candidates as texts and paths."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sde_core.errors import DataError
from sde_core.pairs.arrow_columns import cells
from sde_core.pairs.arrow_part import readable
from sde_core.pairs.limits import MAX_ROW_BYTES
from sde_core.pairs.tree import Tree

SUFFIXES = (".parquet", ".jsonl")
COLUMNS = ("qry_text", "qry_img_path", "tgt_text", "tgt_img_path")
_ROWS = 16  # of a thousand candidates each


@dataclass(frozen=True, slots=True)
class Row:
    """One row: text and path of the image, "" for none, of the query and of each candidate, the right one first."""

    query_text: str
    query_image: str
    targets: tuple[tuple[str, str], ...]


def has_columns(tree: Tree, name: str) -> bool:
    """Return whether a file has the columns of a query and of its candidates.

    Raises:
        DataError: it cannot be read.
    """
    import pyarrow.parquet as pq

    if name.lower().endswith(".parquet"):
        with tree.open(name) as file, readable(name, "parquet"):
            return set(COLUMNS) <= set(pq.read_schema(file).names)
    for record in _json_records(tree, name):
        if not isinstance(record, DataError):
            return set(COLUMNS) <= set(record)
    return False


def read_rows(tree: Tree, name: str) -> Iterator[Row | DataError]:
    """Yield the rows of a file, or the reason why one cannot be used.

    Raises:
        DataError: the file cannot be read, or not to its end.
    """
    for record in (
        _parquet_records(tree, name) if name.lower().endswith(".parquet") else _json_records(tree, name)
    ):
        try:
            yield record if isinstance(record, DataError) else _row(record)
        except DataError as error:
            yield error


def _parquet_records(tree: Tree, name: str) -> Iterator[Mapping[str, object]]:
    import pyarrow.parquet as pq

    with tree.open(name) as file, readable(name, "parquet"):
        table = pq.ParquetFile(file, pre_buffer=False)
        missing = [column for column in COLUMNS if column not in table.schema_arrow.names]
        if missing:
            raise DataError(
                f"{name} must have the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing"
            )
        for batch in table.iter_batches(_ROWS, columns=list(COLUMNS), use_threads=False):
            columns = [cells(batch.column(batch.schema.get_field_index(c))) for c in COLUMNS]
            for values in zip(*columns, strict=True):
                yield dict(zip(COLUMNS, values, strict=True))


def _json_records(tree: Tree, name: str) -> Iterator[Mapping[str, object] | DataError]:
    with tree.open(name) as file:
        while line := file.readline(MAX_ROW_BYTES + 1):
            if len(line) > MAX_ROW_BYTES:
                raise DataError(f"{name} has a line of more than {MAX_ROW_BYTES:,} bytes")
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield DataError(f"its JSON cannot be read: {error}")
                continue
            yield record if isinstance(record, dict) else DataError("it is not a JSON object")


def _row(record: Mapping[str, object]) -> Row:
    query_text, query_image, target_text, target_image = (_sound(record, column) for column in COLUMNS)
    texts, images = _listed(target_text, "tgt_text"), _listed(target_image, "tgt_img_path")
    if texts is None and images is None:
        raise DataError("it has no candidates")
    texts = texts if texts is not None else [""] * len(images or ())
    images = images if images is not None else [""] * len(texts)
    if len(texts) != len(images):
        raise DataError(
            f"its lists must have one length; tgt_text has {len(texts)}, tgt_img_path {len(images)}"
        )
    if not texts:
        raise DataError("it has no candidates")
    return Row(
        _text(query_text, "qry_text"),
        _text(query_image, "qry_img_path"),
        tuple(zip(texts, images, strict=True)),
    )


def _sound(record: Mapping[str, object], column: str) -> object:
    value = record.get(column)
    if isinstance(value, DataError):
        raise DataError(f"its {column}: {value}")
    return value


def _listed(value: object, column: str) -> list[str] | None:
    """Return one text for each candidate; None where nothing is given for any."""
    if value is None or value == "":
        return None
    return [_text(item, column) for item in value] if isinstance(value, list) else [_text(value, column)]


def _text(value: object, column: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"its {column} must hold text; it holds {type(value).__name__}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(f"its {column} is not valid Unicode: it holds half of a surrogate pair") from None
    return value
