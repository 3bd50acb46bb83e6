"""Which column of an Arrow table is the image, the caption, the id: by type and name, or one sentence why not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sde_core.errors import DataError
from sde_core.pairs.class_labels import class_label
from sde_core.pairs.columns import CAPTION_COLUMNS, ID_COLUMNS, IMAGE_COLUMNS, by_plain_name, caption_columns
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_NAMES = ("image_bytes", "bytes", "jpg", "jpeg", "png", "webp", "photo")
"""Names of a column with whole images, beside those of `IMAGE_COLUMNS`."""

URL_NAMES = ("url", "image_url", "img_url")
"""Names of a column with addresses, which are listed and not followed."""

PICTURE_ID_NAMES = ("image_id", "img_id")
"""Ids that say by their name that rows of one id show one image."""

MMEB_NAMES = ("qry_text", "tgt_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrowColumns:
    """Which column of a table holds what.

    Attributes:
        image: images: bytes, a struct of bytes and path, or paths; "" in a table of captions only.
        is_path: whether the image column holds paths as text.
        captions: each with one caption or a list of them a row, the primary one first; may be none.
        id: ids, text or whole numbers; "" where there is none.
        metadata: the other columns that hold scalars.
        label: numbers of classes, which stand for captions where there are none; "" where there is no such column.
        class_names: names by number of class.
    """

    image: str
    is_path: bool
    captions: tuple[str, ...]
    id: str
    metadata: tuple[str, ...]
    label: str = ""
    class_names: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The column that tells pairs apart: ids, else paths; "" if rows are only numbered."""
        return self.id or (self.image if self.is_path else "")

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the table has columns for."""
        has = {Modality.IMAGE: bool(self.image), Modality.TEXT: bool(self.captions or self.label)}
        return tuple(modality for modality in MODALITIES if has[modality])

    @property
    def merges(self) -> bool:
        """Whether rows of one key are one image: they have one path, or an id of images."""
        return self.is_path or self.id.lower() in PICTURE_ID_NAMES

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that are equal in rows of one image."""
        return tuple(name for name in (self.id, self.image if self.is_path else "") if name)

    @property
    def described(self) -> list[str]:
        """Everything but images."""
        return [*self.identity, *self.captions, *self.metadata]


def find_columns(schema: "pa.Schema", label: str) -> ArrowColumns:
    """Return the roles of a table's columns, by the names of `sde_core.pairs.columns` and by type.

    Pictures: a struct with bytes, else a binary column, else text with paths or addresses; of several the first
    by name. A struct or binary column alone needs no name.

    Args:
        schema: names and types.
        label: what the message calls the table.

    Raises:
        DataError: neither an image nor a caption column, one of another type, or a name that comes twice.
    """
    try:
        names = list(schema.names)
        for field in schema:
            _check_names(field.type)
    except UnicodeDecodeError:
        raise DataError(f"{label} must name its columns and their parts in UTF-8; one name is not") from None
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{label} must name every column once; {twice!r} comes twice")
    if set(MMEB_NAMES) <= set(names):
        raise DataError(
            f"{label} holds queries and candidates as MMEB has them: open its folder, or score it with evaluate_mmeb"
        )
    image = _image_column(schema)
    captions = caption_columns(by_plain_name([name for name in names if name != image]))
    if image is None and (not captions or _may_hold_pictures(schema)):
        wanted = (
            "a picture column: bytes, a struct {bytes, path}, or paths under a name such as filepath or image"
            f"{'' if captions else ', or a caption column, named ' + ', '.join(CAPTION_COLUMNS[:4]) + ', ...'}"
        )
        raise DataError(f"{label} must have {wanted}; it has {_listed(schema)}")
    of_classes, class_names = ("", ()) if captions else class_label(schema)
    for name in captions:
        if not (_is_text(kind := _value_type(schema, name)) or _is_binary(kind) or _is_list_of_text(kind)):
            raise DataError(f"{label}: column {name} must hold text or lists of text; it holds {kind}")
    id_column = (
        _named(schema, (*ID_COLUMNS, "img_id"), lambda t: _is_text(t) or _is_integer(t), but=image or "")
        or ""
    )
    rest = [name for name in names if name not in (image, *captions, id_column)]
    return ArrowColumns(
        image=image or "",
        is_path=image is not None and _is_text(_value_type(schema, image)),
        captions=captions,
        id=id_column,
        metadata=tuple(name for name in rest if _is_scalar(_value_type(schema, name))),
        label=of_classes,
        class_names=class_names,
    )


def cells(column: "pa.ChunkedArray") -> list[Any]:
    """Return a column's values; one that is not valid text becomes the `DataError` that says so."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        return [_cell(scalar) for scalar in column]
    return [_decoded(value) if isinstance(value, bytes) else value for value in values]


def _decoded(value: bytes) -> object:
    """Return text that a writer left as bytes."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        return DataError(f"text must be UTF-8; got {error.reason} at byte {error.start}")


def _cell(scalar: Any) -> object:  # noqa: ANN401  (a pyarrow.Scalar, which has no types)
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        return DataError(f"text must be UTF-8; got {error.reason} at byte {error.start}")


def _may_hold_pictures(schema: "pa.Schema") -> bool:
    """Return whether a column has the name of images, or holds bytes, without being one that can be taken."""
    plain = by_plain_name(schema.names)
    return any(name in plain for name in (*IMAGE_COLUMNS, *BYTES_NAMES)) or any(
        _is_binary(kind) or _is_picture_struct(kind)
        for kind in (_value_type(schema, n) for n in schema.names if n not in caption_columns(plain))
    )


def _check_names(kind: "pa.DataType") -> None:
    """Read the names of all parts of a type; a UnicodeDecodeError if one is not in UTF-8."""
    parts = [kind.field(i) for i in range(kind.num_fields)]
    for part in parts:
        _ = part.name
        _check_names(part.type)


def _image_column(schema: "pa.Schema") -> str | None:
    both = (*IMAGE_COLUMNS, *BYTES_NAMES, *URL_NAMES)
    for fits in (_is_picture_struct, _is_binary):
        found = _named(schema, both, fits) or _only(schema, fits)
        if found is not None:
            return found
    return _named(schema, both, _is_text)


def _named(
    schema: "pa.Schema", names: Iterable[str], fits: "Callable[[pa.DataType], bool]", but: str = ""
) -> str | None:
    """Return the first of ``names`` that is a column of a fitting type."""
    columns = by_plain_name([name for name in schema.names if name != but])
    hits = (columns[name] for name in names if name in columns)
    return next((column for column in hits if fits(_value_type(schema, column))), None)


def _only(schema: "pa.Schema", fits: "Callable[[pa.DataType], bool]") -> str | None:
    captions = caption_columns(by_plain_name(schema.names))
    found = [name for name in schema.names if name not in captions and fits(_value_type(schema, name))]
    return found[0] if len(found) == 1 else None


def _listed(schema: "pa.Schema") -> str:
    shown = ", ".join(
        f"{' '.join(field.name.split())[:40]} ({str(field.type)[:40]})" for field in list(schema)[:8]
    )
    return f"{shown}, ... {len(schema)} in all" if len(schema) > 8 else shown or "no column"


def _value_type(schema: "pa.Schema", name: str) -> "pa.DataType":
    import pyarrow as pa

    kind = schema.field(name).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_binary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _is_picture_struct(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind)) and any(f.name == "bytes" and _is_binary(f.type) for f in kind)


def _is_list_of_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_list_view)
    return any(test(kind) for test in tests) and _is_text(kind.value_type)


def _is_integer(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind))


def _is_scalar(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return _is_text(kind) or any(
        test(kind) for test in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    )
