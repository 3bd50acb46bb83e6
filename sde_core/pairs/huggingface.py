"""Hugging Face datasets: saved on disk with `save_to_disk`, or by hub name, `hf://organisation/name/split`.

A saved set is read straight from its Arrow files: memory-mapped, each record batch checked before its first use.
The package `datasets` (pip install -e .[datasets]) is needed for hub names only; no code of a data set is run.
"""

import json
import mmap
import shutil
import tempfile
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sde_core.errors import DataError
from sde_core.files.arrow_size import check_unpacked
from sde_core.files.mapped import to_map
from sde_core.pairs.arrow_pairs import ArrowPairs
from sde_core.pairs.arrow_part import ArrowPart, null_rows, readable
from sde_core.pairs.fingerprint import ends_digest
from sde_core.pairs.limits import MAX_ROW_BYTES, allowed_unpacked, check_rows
from sde_core.pairs.source import Source
from sde_core.pairs.tree import Tree, safe_name

if TYPE_CHECKING:
    import pyarrow as pa

HUB = "hf://"
STATE, INFO, DICT = "state.json", "dataset_info.json", "dataset_dict.json"
LOOKS_FOR = f"a Hugging Face dataset saved on disk ({STATE} or {DICT}), or {HUB}organisation/name"

ROWS = 256
"""Rows without images that are handed out at a time."""


def detects(source: Source) -> bool:
    """Return whether ``source`` is a hub name, or a folder that `save_to_disk` wrote."""
    if source.uri.startswith(HUB):
        return True
    if source.tree is None:
        return False
    names = set(source.tree.top())
    return DICT in names or {STATE, INFO} <= names


def open_source(source: Source) -> ArrowPairs:
    """Return the pairs of a saved data set, or of one on the hub, which is downloaded first.

    Raises:
        DataError: it is neither, several splits and none named, the package is missing, the hub cannot be reached.
    """
    if source.uri.startswith(HUB):
        from sde_core.pairs.hub_dataset import download

        return _pairs(*download(source.uri), source.uri)
    if source.tree is None:
        raise DataError(
            f"{source.uri} must be a folder written by save_to_disk, or {HUB}organisation/name; it is neither"
        )
    folder = _split_folder(source.tree, source.uri)
    state = _json(source.tree, f"{folder}{STATE}")
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise DataError(
            f"{source.uri} is saved with an index beside it: save flatten_indices() of it instead"
        )
    files = state.get("_data_files")
    if not isinstance(files, list) or not files:
        raise DataError(f"{source.uri} must name its Arrow files in {STATE}; it names none: save it again")
    names = [str(f.get("filename", "")) if isinstance(f, dict) else "" for f in files]
    inside = [source.tree.inside(f"{folder}{name}") for name in names]
    return _pairs(source.tree, inside, source.uri, source.pictures(source.tree))


def _pairs(tree: Tree, names: list[str], uri: str, pictures: Tree | None = None) -> ArrowPairs:
    parts: list[ArrowPart] = [_ArrowFile(tree, name) for name in names]
    return ArrowPairs(parts, uri, pictures or tree, lambda: ends_digest(tree, names))


def _split_folder(tree: Tree, uri: str) -> str:
    """Return the folder of the one split of a saved DatasetDict, "" for a saved Dataset; with a slash at its end."""
    if STATE in set(tree.top()):
        return ""
    splits = _json(tree, DICT).get("splits")
    if not isinstance(splits, list) or not all(isinstance(s, str) and s.strip() for s in splits):
        raise DataError(f"{uri} must list its splits in {DICT}; it does not: save it again")
    if len(splits) != 1:
        offer = " or ".join(f"{uri.rstrip('/')}/{split}" for split in splits[:5])
        raise DataError(f"{uri} has {len(splits)} splits: open one of them{', ' * bool(offer)}{offer}")
    return safe_name(splits[0]) + "/"


def _json(tree: Tree, name: str) -> dict[str, Any]:
    try:
        content = json.loads(tree.read(name, MAX_ROW_BYTES))
    except (ValueError, RecursionError) as error:
        raise (
            error if isinstance(error, DataError) else DataError(f"{name} cannot be read: {error}")
        ) from None
    if not isinstance(content, dict):
        raise DataError(f"{name} must hold a JSON object; got {type(content).__name__}")
    return content


class _ArrowFile(ArrowPart):
    """One Arrow stream on disk; its record batches are the groups, mapped and not read before they are used."""

    def __init__(self, tree: Tree, name: str) -> None:
        self.label = name
        self._tree = tree
        self._checked: set[tuple[int, str]] = set()

    @property
    def schema(self) -> "pa.Schema":
        """Names and types of the columns."""
        with readable(self.label, "Arrow"):
            return self._content[0]

    @property
    def group_rows(self) -> tuple[int, ...]:
        """Number of rows in each record batch."""
        rows = tuple(batch.num_rows for batch in self._content[1])
        check_rows(sum(rows), self._tree.size(self.label), self.label)
        return rows

    @property
    def problem(self) -> str:
        """Why the file cannot be read to its end; "" if it can."""
        return self._content[2]

    def blocks(self, group: int, columns: list[str]) -> "Iterator[pa.Table]":
        """Yield the named columns of one record batch, some rows at a time."""
        import pyarrow as pa

        with readable(self.label, "Arrow"):
            batch = self._sound(group, columns)
            for start in range(0, batch.num_rows, ROWS):
                yield pa.Table.from_batches([batch.slice(start, ROWS)])

    def picture(self, column: str, group: int, row: int) -> object:
        """Return one cell of an image column."""
        with readable(self.label, "Arrow"):
            return self._sound(group, [column]).column(0)[row].as_py()

    def without_picture(self, column: str, group: int) -> frozenset[int]:
        """Return the rows without an image; the bytes themselves are not looked at."""
        with readable(self.label, "Arrow"):
            return frozenset(null_rows(self._sound(group, [column]).column(0)))

    def _sound(self, group: int, columns: list[str]) -> "pa.RecordBatch":
        """Return some columns of a batch; what an Arrow file says of itself is checked before it is followed."""
        import pyarrow as pa

        batch = self._content[1][group].select(columns)
        for name, column in zip(columns, batch.columns, strict=True):
            if (group, name) in self._checked:
                continue
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                # Texts that are not UTF-8 are each row's own affair; their offsets were checked before.
                if not (
                    "UTF8" in str(error)
                    and (pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
                ):
                    raise
            self._checked.add((group, name))
        return batch

    @cached_property
    def _content(self) -> "tuple[pa.Schema, list[pa.RecordBatch], str]":
        """Schema, the record batches up to the first that cannot be read, and why it cannot."""
        import pyarrow as pa

        with readable(self.label, "Arrow"):
            content = pa.py_buffer(self._mapped())
            check_unpacked(content, allowed_unpacked(content.size), self.label)
            stream = pa.ipc.open_stream(content)
        batches: list[pa.RecordBatch] = []
        try:
            with readable(self.label, "Arrow"):
                for batch in stream:
                    batch.validate()
                    batches.append(batch)
        except DataError as error:
            return stream.schema, batches, f"damaged after {sum(b.num_rows for b in batches)} rows: {error}"
        return stream.schema, batches, ""

    def _mapped(self) -> mmap.mmap:
        with self._tree.open(self.label) as file:
            try:
                with to_map(file) as whole:
                    return mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError:  # inside an archive
                with tempfile.TemporaryFile(prefix="sde-arrow-") as copy:
                    shutil.copyfileobj(file, copy)
                    copy.flush()
                    return mmap.mmap(copy.fileno(), 0, access=mmap.ACCESS_READ)
