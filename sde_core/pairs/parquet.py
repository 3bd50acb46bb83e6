"""Parquet files: images as bytes, as the struct {bytes, path} of Hugging Face, or as paths; captions beside.

Opening reads footers. Captions come row group by row group, images some rows at a time when asked for.
"""

import weakref
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from threading import Lock
from typing import IO, TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.files.recognised import recognised
from sde_core.pairs.arrow_pairs import ArrowPairs
from sde_core.pairs.arrow_part import ArrowPart, null_rows, readable
from sde_core.pairs.fingerprint import ends_digest
from sde_core.pairs.limits import allowed_unpacked, check_rows
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SUFFIXES = (".parquet", ".pq")
LOOKS_FOR = "parquet files (*.parquet)"

ROWS = 64
"""Rows without images that are read at a time."""

_SMALL_BYTES = 8 << 20
"""That a row group may have unpacked however small the file is: a few rows of it may lie in memory many times."""

PICTURES = 16
"""Pictures that are read at a time."""


def detects(source: Source) -> bool:
    """Return whether ``source`` is a parquet file, a folder with some at its top, or a pattern of some."""
    if source.tree is not None:
        return any(name.lower().endswith(SUFFIXES) for name in source.tree.top())
    return source.path.name.lower().endswith(SUFFIXES) and bool(_named(source)[1])


def open_source(source: Source) -> ArrowPairs:
    """Return the pairs of one parquet file, of all at the top of a folder, or of a pattern.

    Raises:
        DataError: there is none, or none can be used.
    """
    tree, names = _named(source)
    if not names:
        raise DataError(f"{source.uri} must name parquet files ({', '.join(SUFFIXES)}); there are none")
    pictures = _Pictures()
    parts: list[ArrowPart] = [_ParquetPart(tree, name, pictures) for name in names]
    return ArrowPairs(parts, source.uri, source.pictures(tree), lambda: ends_digest(tree, names))


def parts(source: Source) -> list[str]:
    """Return the names of the files that ``source`` names, in reading order."""
    return _named(source)[1]


def open_part(source: Source, name: str) -> ArrowPairs:
    """Return the pairs of one file of `parts`, with the ids that they have among those of all.

    Raises:
        DataError: it cannot be used.
    """
    tree, names = _named(source)
    part = _ParquetPart(tree, name, _Pictures())
    files = source.pictures(tree)
    return ArrowPairs(
        [part], source.uri, files, lambda: ends_digest(tree, [name]), are_several=len(names) > 1
    )


class _ParquetPart(ArrowPart):
    """One parquet file; its row groups are the groups. No file stays open but those of `_Pictures`."""

    def __init__(self, tree: Tree, name: str, pictures: "_Pictures") -> None:
        self.label = name
        self._tree, self._pictures = tree, pictures

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns."""
        with readable(self.label, "parquet"):
            return self._footer.schema.to_arrow_schema()

    @cached_property
    def group_rows(self) -> tuple[int, ...]:
        """Number of rows in each row group."""
        rows = tuple(self._footer.row_group(i).num_rows for i in range(self._footer.num_row_groups))
        if not all(0 <= n < 1 << 40 for n in rows):
            raise DataError(
                f"{self.label} must be a whole parquet file; a row group says it has {max(rows, key=abs)} rows"
            )
        check_rows(sum(rows), self._tree.size(self.label), self.label)
        return rows

    def blocks(self, group: int, columns: list[str]) -> "Iterator[pa.Table]":
        """Yield the named columns of one row group, `ROWS` rows at a time."""
        import pyarrow as pa

        with self._tree.open(self.label) as file, readable(self.label, "parquet"):
            for batch in self.batches(file, group, columns, ROWS):
                yield pa.Table.from_batches([batch])

    def picture(self, column: str, group: int, row: int) -> object:
        """Return one cell of an image column."""
        return self._pictures.read(self, column, group, row)

    def without_picture(self, column: str, group: int) -> frozenset[int]:
        """Return the rows without an image; the column is read only where the footer counts nulls in it."""
        if not self._counts_nulls(column, group):
            return frozenset()
        found: list[int] = []
        first = 0
        with self._tree.open(self.label) as file, readable(self.label, "parquet"):
            for batch in self.batches(file, group, [column], PICTURES):
                found += [first + row for row in null_rows(batch.column(0))]
                first += len(batch)
        return frozenset(found)

    def _counts_nulls(self, column: str, group: int) -> bool:
        with readable(self.label, "parquet"):
            meta = self._footer.row_group(group)
            chunks = (meta.column(i) for i in range(meta.num_columns))
            counts = [c.statistics for c in chunks if c.path_in_schema in (column, f"{column}.bytes")]
            return any(s is not None and s.has_null_count and s.null_count > 0 for s in counts)

    def batches(
        self, file: IO[bytes], group: int, columns: list[str], rows: int
    ) -> "Iterator[pa.RecordBatch]":
        """Yield the named columns of one row group of the open ``file``."""
        import pyarrow.parquet as pq

        # Without pre_buffer a column is read page by page, not whole.
        table = pq.ParquetFile(file, metadata=self._footer, pre_buffer=False, buffer_size=1 << 16)
        allowed, unfolded = allowed_unpacked(self._tree.size(self.label)), 0
        for batch in table.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False):
            unfolded += batch.nbytes  # the footer counts a value once, however many rows have it
            if unfolded > allowed:
                raise DataError(
                    f"{self.label} unfolds to more than {allowed:,} bytes, over a hundredfold: refused as a bomb"
                )
            yield batch

    def open(self) -> IO[bytes]:
        """Return the file open for reading."""
        return self._tree.open(self.label)

    @cached_property
    def _footer(self) -> "pq.FileMetaData":
        import pyarrow.parquet as pq

        with self._tree.open(self.label) as file, readable(self.label, "parquet"):
            if what := recognised(file.read(256)):
                raise DataError(f"{self.label} is {what}")
            footer = pq.read_metadata(file)
        _check_sizes(footer, self._tree.size(self.label), self.label)
        return footer


def _check_sizes(footer: "pq.FileMetaData", size: int, label: str) -> None:
    """Refuse a row group that unpacks to far more than the file: images hardly compress, and text by ten."""
    largest = max((footer.row_group(i).total_byte_size for i in range(footer.num_row_groups)), default=0)
    if largest > _SMALL_BYTES + 100 * size:
        raise DataError(
            f"{label} declares {largest:,} bytes unpacked from {size:,}, more than a hundredfold: refused as a bomb"
        )


class _Pictures:
    """Where the reading of images stands in the row groups used last: reading on is cheap, going back is not."""

    def __init__(self, most: int = 3) -> None:
        self._most = most
        self._cursors: OrderedDict[tuple[str, str, int], _Cursor] = OrderedDict()
        self._lock = Lock()

    def read(self, part: _ParquetPart, column: str, group: int, row: int) -> object:
        key = (part.label, column, group)
        with self._lock, readable(part.label, "parquet"):
            cursor = self._cursors.pop(key, None)
            if cursor is None or not cursor.reaches(row):
                cursor = _Cursor(part, column, group)
            cell = cursor.read(row)
            self._cursors[key] = cursor  # a cursor that failed is not kept
            while len(self._cursors) > self._most:
                self._cursors.popitem(last=False)
        return cell


class _Cursor:
    """Reads one column of one row group forward and keeps the batches read last."""

    def __init__(self, part: _ParquetPart, column: str, group: int, kept: int = 4) -> None:
        self._part, self._column, self._group, self._kept = part, column, group, kept
        self._next = 0
        self._recent: list[tuple[int, pa.Array]] = []
        file = part.open()
        weakref.finalize(self, file.close)
        self._batches = part.batches(file, group, [column], PICTURES)

    def reaches(self, row: int) -> bool:
        """Return whether ``row`` is kept, or lies ahead."""
        return row >= self._next or any(start <= row < start + len(cells) for start, cells in self._recent)

    def read(self, row: int) -> object:
        for start, cells in self._recent:
            if start <= row < start + len(cells):
                return cells[row - start].as_py()
        for batch in self._batches:
            start, self._next = self._next, self._next + len(batch)
            self._recent = [*self._recent[1 - self._kept :], (start, batch.column(0))]
            if row < self._next:
                return batch.column(0)[row - start].as_py()
        raise DataError(f"{self._part.label} must hold row {row} of row group {self._group}; it is cut off")


def _named(source: Source) -> tuple[Tree, list[str]]:
    """Return the tree and the names in it of the files that ``source`` names."""
    if source.tree is not None:
        names = (name for name in source.tree.top() if name.lower().endswith(SUFFIXES))
        return source.tree, sorted(names)
    folder, pattern = source.path.parent, source.path.name
    if "*" in pattern or "?" in pattern:
        found = sorted(p.name for p in folder.glob(pattern) if p.name.lower().endswith(SUFFIXES))
        return source.folder(folder), found
    return source.folder(folder), [pattern] if source.path.is_file() else []
