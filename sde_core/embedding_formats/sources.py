"""Where everything of an embedding set lies: which file, array and column plays which part."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.arrow import listed_entries, strings_in
from sde_core.embedding_formats.base import Column, Container, Matrix, Table
from sde_core.embedding_formats.roles import Role, both_vectors, column_of, is_known_name, listed
from sde_core.embedding_formats.tables import is_number
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped

Reader = Callable[[], Column]


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """Image and caption vectors with all that is known of them; nothing but shapes is read yet.

    Attributes:
        format: name of the format.
        place: file or folder, as sentences name it.
        image: image vectors.
        text: caption vectors.
        image_id: reads (n_images,) ids; None where there are none.
        text_id: reads (n_texts,) ids of the captions' images; None where there are none.
        caption: reads (n_texts,) captions; None where there are none.
        text_to_image: reads (n_texts,) image rows or (n_links, 2) rows of (text, image), or None.
        metadata: name -> reads (n_images,) entries.
        skipped: what cannot be used beside the vectors.
        remarks: sentences on how it is read.
    """

    format: str
    place: str
    image: Matrix
    text: Matrix
    image_id: Reader | None = None
    text_id: Reader | None = None
    caption: Reader | None = None
    text_to_image: Reader | None = None
    metadata: Mapping[str, Reader]
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_one_modality(self) -> bool:
        """Whether there are vectors of one modality only."""
        return not (len(self.image) and len(self.text))

    @property
    def has_rows_of_pairs(self) -> bool:
        """Whether row i of the one belongs to row i of the other."""
        return self.text_id is None and self.text_to_image is None and not self.is_one_modality


def source_of(
    image: Container | None,
    text: Container | None,
    columns: Mapping[Role, str],
    *,
    format: str,
    images: Table | None = None,
    captions: Table | None = None,
) -> Source:
    """Return what one file, or one of images and one of captions, holds.

    Args:
        image: the image vectors, or both, or of a single modality; None where there are caption vectors only.
        text: the caption vectors, where they are a file of their own.
        columns: role -> name, as far as the user gave them.
        format: name of the format.
        images: table beside the image vectors; its columns come before those of the file.
        captions: table beside the caption vectors.

    Raises:
        DataError: no vectors for one of the two, or a named column that is nowhere.
    """
    pictures, texts, remarks = both_vectors(image, text, columns)
    if pictures.shape[1] != texts.shape[1]:
        raise DataError(
            f"{pictures.place} and {texts.place} must have the same width; "
            f"got {pictures.shape[1]} and {texts.shape[1]}: were they made by the same encoder?"
        )
    is_texts = not len(pictures)
    image = image or Container(place=texts.place, matrices={})
    if is_texts and captions is None:  # one table, whoever named it
        images, captions = None, images
    images = None if images is None and is_texts else _of_rows(images, len(pictures), "an id")
    captions = _of_rows(captions, len(texts), "a caption")
    beside = {**image.columns, **_by_name(images)}
    of_texts = {**(text.columns if text else {}), **_by_name(captions)}
    _check_named(columns, beside, of_texts)
    image_id = column_of(beside, "image_id", columns)
    caption = column_of(of_texts, "caption", columns) or _lone_caption(captions, columns)
    caption = caption or _of_length(column_of(beside, "caption", columns), len(texts) or len(pictures))
    if not len(texts):
        caption = None
    text_id = column_of(of_texts, "text_id", columns, is_lone=True)
    if text_id is None:
        text_id = column_of(beside, "text_id", columns)
        if text_id is not None and image_id is not None and text_id[0] is image_id[0]:
            text_id = None  # one table of pairs: its rows say what belongs together
    index = column_of({**beside, **of_texts}, "text_to_image", columns)
    used = {pair[1] for pair in (image_id, caption, text_id, index) if pair is not None}
    unusable = [
        (c, n, m) for c in (image, text) if c for n, m in c.matrices.items() if isinstance(m, DataError)
    ]
    return Source(
        format=format,
        place=image.place or texts.place,
        image=pictures,
        text=texts,
        image_id=_reader(image_id, len(pictures), "an id"),
        text_id=_reader(text_id, len(texts), "the id of its picture") if image_id else None,
        caption=_reader(caption, len(texts), "a caption"),
        text_to_image=_reader(index, None, ""),
        remarks=(*remarks, *(m.remark for m in (pictures, texts) if m.remark)),
        metadata=_metadata(beside | of_texts if is_texts else beside, used, len(pictures) or len(texts)),
        skipped=tuple(Skipped(f"{c.place}, {n}" if n else c.place, str(m)) for c, n, m in unusable),
    )


def _by_name(table: Table | None) -> dict[str, Table]:
    return dict.fromkeys(table.names, table) if table else {}


def _of_rows(table: Table | None, n_rows: int, what: str) -> Table | None:
    """Return a table that the user named, as it has a row for each vector: its first line may be a row.

    Raises:
        DataError: it has more rows, or fewer.
    """
    if table is None or table.n_rows == n_rows:
        return table
    if table.headless is not None and table.headless.n_rows == n_rows and not _has_names(table):
        return table.headless
    raise DataError(
        f"{table.place} must have {what} for each of {n_rows} rows; it has {table.n_rows} entries"
    )


def _has_names(table: Table) -> bool:
    """Return whether a table's first line names columns: by known names, or as a word above numbers."""
    numbers = [
        name
        for name in table.names
        if all(isinstance(x, int | float) for x in listed_entries(table.read(name)))
    ]
    return any(is_known_name(name) for name in table.names) or any(not is_number(name) for name in numbers)


def _lone_caption(table: Table | None, columns: Mapping[Role, str]) -> tuple[Table, str] | None:
    """Return the one column of a table that was named for its captions.

    Raises:
        DataError: it has several, and none is called what captions are.
    """
    if table is None or "caption" in columns:
        return None
    if len(table.names) > 1:
        if column_of(_by_name(table), "text_id", columns, is_lone=True):
            return None  # ids of images: the table says which caption belongs where
        raise DataError(
            f"{table.place} must have a column of captions, named such as caption or text; it has "
            f'{listed(table.names)}: say which, columns={{"caption": NAME}}'
        )
    (name,) = table.names
    return None if column_of(_by_name(table), "text_id", columns, is_lone=True) else (table, name)


def _check_named(columns: Mapping[Role, str], *tables: Mapping[str, Table]) -> None:
    there = {name for table in tables for name in table}
    for role, name in columns.items():
        if role not in ("image", "text") and name not in there:
            raise DataError(
                f"columns must name what is there; no {name!r} for {role} among {listed(sorted(there))}"
            )


def _of_length(found: tuple[Table, str] | None, n_rows: int) -> tuple[Table, str] | None:
    return found if found is not None and found[0].n_rows == n_rows else None


def _reader(found: tuple[Table, str] | None, n_rows: int | None, what: str) -> Reader | None:
    if found is None:
        return None
    table, name = found
    if n_rows is not None and table.n_rows != n_rows:
        raise DataError(
            f"{table.place} must have {what} for each of {n_rows} rows; it has {table.n_rows} entries"
        )
    return lambda: table.read(name)


def _metadata(tables: Mapping[str, Table], used: Iterable[str], n_rows: int) -> dict[str, Reader]:
    taken = set(used)
    found: dict[str, Reader] = {}
    for name, table in tables.items():
        if name not in taken and table.n_rows == n_rows and not name.startswith("__"):
            reader = _reader((table, name), n_rows, name)
            if reader is not None:
                found[name.removeprefix("meta.")] = reader
    return found


def as_strings(column: Column, n_rows: int, place: str) -> tuple[Sequence[str], dict[int, str]]:
    """Return ids or captions as strings, and row -> reason of those that cannot be read; a missing one is empty.

    What Arrow has stays there.

    Raises:
        DataError: not one entry a row.
    """
    if len(column) != n_rows:
        raise DataError(f"{place} must have {n_rows} entries, one a row; got {len(column)}")
    if (kept := strings_in(column)) is not None:
        return kept, {}
    entries = listed_entries(column)
    reasons = {row: str(entry) for row, entry in enumerate(entries) if isinstance(entry, DataError)}
    return ["" if isinstance(entry, DataError) else _as_string(entry) for entry in entries], reasons


def _as_string(entry: object) -> str:
    if entry is None or (isinstance(entry, float) and entry != entry):
        return ""
    if isinstance(entry, list | tuple):  # the first of several captions
        return _as_string(entry[0]) if entry else ""
    if isinstance(entry, bytes):
        return entry.decode("utf-8", "replace")
    # Numbers that went through a table with gaps come as 7.0.
    return str(int(entry)) if isinstance(entry, float) and entry.is_integer() else str(entry)


def as_index(column: Column, place: str) -> npt.NDArray[np.int64]:
    """Return a text-to-image index as whole numbers.

    Raises:
        DataError: something else.
    """
    try:
        index = np.asarray(column)
    except ValueError:
        raise DataError(f"{place}: text_to_image must have rows of one length") from None
    if index.dtype.kind not in "iu":
        raise DataError(f"{place}: text_to_image must hold whole numbers; got {index.dtype}")
    return index.astype(np.int64)
