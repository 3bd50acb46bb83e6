"""Image-text pairs in Arrow tables, whatever file they come from: one row a pair, images read when asked for.

Parquet and Hugging Face datasets share this module; `sde_core.pairs.arrow_columns` says what a column is.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sde_core.errors import DataError
from sde_core.pairs.arrow_columns import ArrowColumns, cells, find_columns
from sde_core.pairs.arrow_keys import KeyIndex
from sde_core.pairs.arrow_part import ArrowPart, Place, place_of, places
from sde_core.pairs.base import Classification, Pair, Pairs, Skipped
from sde_core.pairs.class_labels import class_name
from sde_core.pairs.fields import clean_captions, clean_id, listed_captions, scalars
from sde_core.pairs.limits import MAX_PICTURE_BYTES
from sde_core.pairs.one_modality import no_picture, remark_on
from sde_core.pairs.tree import local_path
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    from sde_core.pairs.tree import Tree

_URL = ("http://", "https://", "s3://", "gs://", "ftp://", "hf://", "data:")


class ArrowPairs(Pairs):
    """Pairs in the rows of one or more tables.

    A row's id is that of the id column, else the path of its image, else the number of the row, after the
    part's label if there are several parts. Rows of one id and one path, or of one `image_id`, are one pair with all
    their captions.

    Args:
        parts: tables in reading order, of distinct labels.
        uri: what the user called the set.
        files: where paths in cells lead; nothing outside is read.
        digest: returns the fingerprint.
        are_several: whether ids carry the part's label; default: where there are several parts.

    Raises:
        DataError: no part can be used; the reason is that of the first.
    """

    def __init__(
        self,
        parts: list[ArrowPart],
        uri: str,
        files: "Tree",
        digest: Callable[[], str],
        *,
        are_several: bool | None = None,
    ) -> None:
        self._uri, self._files, self._digest = uri, files, digest
        self._skipped: dict[str, Skipped] = {}
        self._columns: dict[str, ArrowColumns] = {}  # label -> roles
        self._several = len(parts) > 1 if are_several is None else are_several
        self._modalities = MODALITIES
        self._remarks: tuple[str, ...] = ()
        self._without_picture: dict[tuple[str, int], frozenset[int]] = {}
        self._parts = [part for part in parts if self._opens(part)]
        if not self._parts:
            raise DataError(next(iter(self._skipped.values())).reason)

    @property
    def uri(self) -> str:
        """What to hand to `open_pairs` to open the same set again."""
        return self._uri

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest that changes when the tables change."""
        return self._digest()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Items left out so far, with their reasons; complete after one whole iteration."""
        return self._files.refused() + tuple(self._skipped.values())

    def __iter__(self) -> Iterator[Pair]:
        """Yield usable pairs row by row; a broken row, group or file is added to `skipped`."""
        seen: dict[str, tuple[str, ...]] = {}  # of ids that come more than once
        for part in self._parts:
            columns = self._columns[part.label]
            for place, row in self._rows(part):
                try:
                    pair = self._pair(place, row)
                except DataError as error:
                    self._skip(self._item(place, row), str(error))
                    continue
                identity = _identity(columns, row)
                if pair.id not in self._keys.repeated:
                    yield pair
                elif pair.id not in seen:
                    seen[pair.id] = identity
                    yield pair
                elif not columns.merges or seen[pair.id] != identity:
                    reason = "its id was there before" + ", with another picture" * columns.is_path
                    self._skip(f"{pair.id} ({part.label}, row {place.number})", reason)
            if part.problem:
                self._skip(part.label, part.problem)

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the tables have columns for: images and captions, or one of the two."""
        return self._modalities

    @property
    def remarks(self) -> tuple[str, ...]:
        """Whether no column of images, or none of captions, was recognised, and which names differ in case."""
        return (*self._remarks, *self._files.spellings.remarks)

    @property
    def n_items(self) -> int:
        """Number of rows that have an id or a path of their own, whether usable or not."""
        return sum(sum(part.group_rows) for part in self._parts) - self._keys.n_repeats

    def find(self, pair_id: str) -> Pair:
        """Return the pair with this id; reads no image, and of other rows the ids at most.

        Raises:
            DataError: there is none, or it is broken.
        """
        problem = DataError(f"pair_id must be in {self.uri}; got {pair_id!r}")
        for number, place in enumerate(self._places(pair_id)):
            try:
                return self._pair(place, self._row(place))
            except DataError as error:
                problem = error if number == 0 else problem
        raise problem

    def _row(self, place: Place) -> dict[str, Any]:
        start = 0
        for block in place.part.blocks(place.group, self._columns[place.part.label].described):
            if place.row < start + len(block):
                one = block.slice(place.row - start, 1)
                return {name: cells(one[name])[0] for name in one.column_names}
            start += len(block)
        raise DataError(f"{place.part.label} must hold row {place.number}; it is cut off")

    def _opens(self, part: ArrowPart) -> bool:
        try:
            columns = find_columns(part.schema, part.label)
            _ = part.group_rows  # known from here on
            if not self._columns:
                self._modalities = columns.modalities
                self._remarks = remark_on(columns.modalities, part.schema.names)
                if columns.label:
                    self.classification = Classification(classnames=columns.class_names, templates=())
            elif columns.modalities != self._modalities:
                lacks = next(iter(set(MODALITIES) - set(columns.modalities)), "no modality")
                raise DataError(
                    f"{part.label} must have the columns of the first table; it differs in {lacks}"
                )
        except DataError as error:
            self._skip(part.label, str(error))
            return False
        self._columns[part.label] = columns
        return True

    def _rows(self, part: ArrowPart) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Yield every row that can be read, without its image."""
        names = self._columns[part.label].described
        for group, first in places(part):
            row = 0
            try:
                for block in part.blocks(group, names):
                    for values in zip(*(cells(block[name]) for name in names), strict=True):
                        yield Place(part, group, row, first + row), dict(zip(names, values, strict=True))
                        row += 1
            except DataError as error:
                last = first + part.group_rows[group] - 1
                self._skip(f"{part.label}, rows {first + row} to {last}", str(error))

    def _pair(self, place: Place, row: dict[str, Any]) -> Pair:
        columns = self._columns[place.part.label]
        read_image: Callable[[], bytes] = lambda: self._content(place)  # noqa: E731
        if columns.image and not columns.is_path and place.row in self._empty(place):
            raise DataError(_failure(row) or "no picture: its cell is empty")
        if not columns.image:
            read_image = no_picture(self.uri)
        elif columns.is_path:
            name = self._file_name(row[columns.image])
            self._files.size(name)  # says so if the file is missing or must not be read
            read_image = lambda: self._files.read(name)  # noqa: E731
        pair_id = self._id(place, row)
        captions = [text for name in columns.captions for text in listed_captions(_sound(row[name]))]
        label = {"label": row[columns.label]} if columns.label else {}
        if label:
            captions.append(class_name(columns.class_names, row[columns.label]))
        if columns.merges:
            captions += self._keys.captions_of_repeated.get(_identity(columns, row), ())
        return Pair(
            id=pair_id,
            captions=clean_captions(captions, needed=bool(columns.captions or columns.label)),
            read_image=read_image,
            metadata=scalars({name: row[name] for name in columns.metadata} | label),
        )

    def _empty(self, place: Place) -> frozenset[int]:
        """Return the rows of the group that have no image."""
        key = (place.part.label, place.group)
        if key not in self._without_picture:
            column = self._columns[place.part.label].image
            self._without_picture[key] = frozenset()
            with suppress(DataError):  # reading an image says so
                self._without_picture[key] = place.part.without_picture(column, place.group)
        return self._without_picture[key]

    def _content(self, place: Place) -> bytes:
        cell = place.part.picture(self._columns[place.part.label].image, place.group, place.row)
        content = cell.get("bytes") if isinstance(cell, dict) else cell
        if content is None and isinstance(cell, dict) and cell.get("path"):
            return self._files.read(self._file_name(cell["path"]))
        if not isinstance(content, bytes) or not content:
            raise DataError("no picture: its cell is empty")
        if len(content) > MAX_PICTURE_BYTES:
            raise DataError(
                f"the picture must have at most {MAX_PICTURE_BYTES:,} bytes; got {len(content):,}"
            )
        return content

    def _file_name(self, cell: object) -> str:
        """Return the name below `_files` of the path in a cell."""
        path = local_path(str(_sound(cell) or ""))
        if not path.strip():
            raise DataError("no picture: its path is empty")
        if path.lower().startswith(_URL):
            raise DataError(
                f"its picture is at {path[:200]}, and nothing is downloaded: fetch it first (img2dataset)"
            )
        return self._files.meant(self._files.inside(path))

    def _id(self, place: Place, row: dict[str, Any]) -> str:
        key = self._columns[place.part.label].key
        if not key:
            return f"{place.part.label}#{place.number}" if self._several else str(place.number)
        value = _sound(row[key])
        return clean_id("" if value is None else str(value))

    def _item(self, place: Place, row: dict[str, Any]) -> str:
        """Return what the list of skipped items calls a row."""
        try:
            return self._id(place, row)
        except DataError:
            return f"{place.part.label}, row {place.number}"

    @cached_property
    def _keys(self) -> KeyIndex:
        return KeyIndex([(part, self._columns[part.label]) for part in self._parts])

    def _places(self, pair_id: str) -> Iterator[Place]:
        """Yield where this id stands; several rows may have it, of which the first usable one counts."""
        yield from self._keys.places(pair_id)
        label, _, number = pair_id.rpartition("#")
        if not (number.isdecimal() and number.isascii() and len(number) < 19):
            return
        for part in self._parts:
            if not self._columns[part.label].key and label == (part.label if self._several else ""):
                place = place_of(part, int(number))
                yield from [place] if place is not None else []

    def _skip(self, item: str, reason: str) -> None:
        self._skipped[item] = Skipped(item, reason)


def _sound(cell: object) -> object:
    """Return a cell's value, or raise what `cells` found wrong with it."""
    if isinstance(cell, DataError):
        raise cell
    return cell


def _failure(row: dict[str, Any]) -> str:
    """Return what img2dataset says of an image that it could not fetch; "" where it says nothing."""
    status, reason, url = (row.get(name) for name in ("status", "error_message", "url"))
    return f"img2dataset: {status}: {reason} ({url})"[:500] if status and reason else ""


def _identity(columns: ArrowColumns, row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells that rows of one image share."""
    return tuple(str(row[name]) for name in columns.identity)
