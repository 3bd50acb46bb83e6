"""Pairs of a CSV, TSV or JSONL table beside its images: one row an image, or a row for each of its captions.

Opening reads the first line; counting or iterating reads the table once and keeps 40 bytes a row.
"""

import hashlib
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice

from sde_core.errors import DataError
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.fields import clean_captions, clean_id, scalars
from sde_core.pairs.fingerprint import file_digest
from sde_core.pairs.index import IdIndex
from sde_core.pairs.member_names import IMAGE_SUFFIXES
from sde_core.pairs.one_modality import no_picture, remark_on
from sde_core.pairs.row_cells import Place
from sde_core.pairs.rows import Record, Rows
from sde_core.pairs.tree import Tree, local_path
from sde_core.vocabulary import Modality


@dataclass(slots=True)
class _Index:
    """Where the rows of each id lie, and which columns of a CSV hold numbers only."""

    ids: IdIndex = field(default_factory=IdIndex)
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    kinds: dict[str, type] = field(default_factory=dict)


class TablePairs(Pairs):
    """Pairs of a table whose images lie in the same folder or archive.

    Args:
        tree: the files.
        table: name of the table in it.
        uri: what the user called the set.
        pictures: where names of images lead; the files if None.
        needs_both: whether a table of images alone, or of captions alone, is refused.

    Raises:
        DataError: the table cannot be read, or lacks a column that is needed.
    """

    def __init__(
        self, tree: Tree, table: str, uri: str, *, pictures: Tree | None = None, needs_both: bool = True
    ) -> None:
        self._tree = tree
        self._pictures = pictures or tree
        self._table = table
        self._uri = uri
        self._rows = Rows(tree.open(table), table, needs_both=needs_both)
        self._skipped: dict[str, Skipped] = {}

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the table's content and of its images' sizes."""
        with self._tree.open(self._table) as file:
            digest = hashlib.sha256(file_digest(file).encode())
        for _, record in self._rows.scan():
            try:
                stamp = "" if isinstance(record, DataError) else self._pictures.stamp(self._picture(record))
            except DataError:
                stamp = "missing"
            digest.update(f"{stamp}\n".encode())
        return digest.hexdigest()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        return self._pictures.refused() + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs in the order in which their ids first appear; a broken row is added to `skipped`."""
        for entries in self._index.ids.groups():
            try:
                yield self._pair(entries)
            except DataError as error:
                self._skip(self._where(entries[0]), error)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the table has columns for: images and captions, or one of the two."""
        return self._rows.columns.modalities

    @property
    def remarks(self) -> tuple[str, ...]:
        """Whether no column of images, or none of captions, was recognised, and which names differ in case."""
        first = next((r for _, r in self._rows.scan() if not isinstance(r, DataError)), {})
        return (*remark_on(self.modalities, list(first)), *self._pictures.spellings.remarks)

    @property
    def n_items(self) -> int:
        """Number of distinct ids in the table, whether usable or not."""
        return self._index.ids.n_distinct()

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id.

        Raises:
            DataError: there is none, or it is broken.
        """
        entries = self._index.ids.entries(pair_id)
        if not entries or self._id(self._record(entries[0]), self._index.lines[entries[0]]) != pair_id:
            raise DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")
        return self._pair(entries)

    @cached_property
    def _index(self) -> _Index:
        index = _Index(kinds=self._possible_numbers())
        for place, record in self._rows.scan():
            try:
                if isinstance(record, DataError):
                    raise record
                index.ids.add(clean_id(self._id(record, place.line)))
            except DataError as error:
                self._skip(f"{self._table}, line {place.line}", error)
                continue
            index.offsets.append(place.offset)
            index.lines.append(place.line)
            _narrow(index.kinds, record)
        return index

    @cached_property
    def _folder(self) -> str:
        """The folder that names of images start from: the table's own, or the one inside it that has them."""
        names = []
        for _, record in islice(self._rows.scan(), 20):
            try:
                names.append("" if isinstance(record, DataError) else self._name(record))
            except DataError:
                continue
        inner = sorted(name for name in self._pictures.top() if name.endswith("/"))
        for there_is in (self._pictures.has, self._pictures.spellings.alike):
            for folder in ("", *inner):
                if any(there_is(_with_suffix(self._pictures, folder + name)) for name in names if name):
                    return folder
        return ""

    def _possible_numbers(self) -> dict[str, type]:
        if self._rows.is_json:
            return {}
        first = next((r for _, r in self._rows.scan() if not isinstance(r, DataError)), {})
        return dict.fromkeys(self._rows.columns.metadata_of(first), int)

    def _record(self, entry: int) -> Record:
        return self._rows.at(Place(self._index.offsets[entry], self._index.lines[entry]))

    def _where(self, entry: int) -> str:
        return f"{self._table}, line {self._index.lines[entry]}"

    def _id(self, record: Record, line: int) -> str:
        if self._rows.columns.id is None:
            return self._name(record) if self._rows.columns.image else str(line)
        value = record.get(self._rows.columns.id)
        value = int(value) if isinstance(value, float) and value.is_integer() else value
        return str(value).strip() if isinstance(value, str | int) else ""

    def _name(self, record: Record) -> str:
        """Return the name of a row's image as the table gives it."""
        value = record.get(self._rows.columns.image)
        if not isinstance(value, str) or not value.strip():
            raise DataError(f"no picture is named in its column {self._rows.columns.image!r}")
        value = local_path(value)
        if "://" in value[:10]:
            raise DataError(
                "its picture is an address on the net: download the set, for example with img2dataset"
            )
        return self._pictures.inside(value.strip())

    def _picture(self, record: Record) -> str:
        if not self._rows.columns.image:
            return ""
        return self._pictures.meant(_with_suffix(self._pictures, self._folder + self._name(record)))

    def _pair(self, entries: list[int]) -> Pair:
        """Return the pair of these rows; a row that does not fit in is skipped, unless it is the only one."""
        first = self._record(entries[0])
        columns = self._rows.columns
        pair_id, picture = self._id(first, self._index.lines[entries[0]]), self._picture(first)
        captions: list[str] = []
        problem = DataError("no caption, or an empty one")
        for entry in entries:
            try:
                captions += self._row_captions(entry, pair_id, picture)
            except DataError as error:
                problem = error
                if len(entries) > 1:
                    self._skip(self._where(entry), error)
        if not captions and columns.captions:
            raise problem
        if columns.image and self._pictures.size(picture) == 0:
            raise DataError("the picture is empty")
        return Pair(
            id=pair_id,
            captions=clean_captions(captions, needed=bool(columns.captions)),
            read_image=partial(self._pictures.read, picture) if columns.image else no_picture(self.uri),
            metadata=self._metadata(first),
        )

    def _row_captions(self, entry: int, pair_id: str, picture: str) -> tuple[str, ...]:
        record = self._record(entry)
        if self._id(record, self._index.lines[entry]) != pair_id or self._picture(record) != picture:
            raise DataError(f"its id {pair_id!r} was there before, with another picture")
        columns = self._rows.columns
        return clean_captions(columns.captions_of(record), needed=bool(columns.captions))

    def _metadata(self, record: Record) -> dict[str, str | int | float | bool]:
        given = scalars(self._rows.columns.metadata_of(record))
        kinds = self._index.kinds
        if self._rows.is_json:
            return given
        return {name: kinds.get(name, str)(value) for name, value in given.items() if value != ""}

    def _skip(self, item: str, reason: DataError) -> None:
        self._skipped[item] = Skipped(item, str(reason))


def _with_suffix(tree: Tree, name: str) -> str:
    """Return the name of an image, with the suffix of the file that is there where the table gives none."""
    if name.rpartition(".")[2].lower() in IMAGE_SUFFIXES or tree.has(name):
        return name
    there = [f"{name}.{suffix}" for lower in sorted(IMAGE_SUFFIXES) for suffix in (lower, lower.upper())]
    exact = next((each for each in there if tree.has(each)), None)
    return exact or next((each for each in there if tree.spellings.alike(each)), name)


_INT = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?")


def _narrow(kinds: dict[str, type], record: Record) -> None:
    """Widen the kind of a column from int over float to str where the row's cell asks for it; empty cells do not."""
    for name, kind in list(kinds.items()):
        cell = record.get(name)
        if not isinstance(cell, str) or not cell:
            continue
        if kind is int and not _INT.fullmatch(cell):
            kinds[name] = kind = float
        if kind is float and not _FLOAT.fullmatch(cell):
            del kinds[name]
