"""Which column of an Arrow table is the picture, the caption, the id: by type and name, or one sentence why not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sde_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

# Lower case, the likelier name first.
IMAGE_NAMES = ("image", "img", "picture", "photo", "image_bytes", "jpg", "jpeg", "png", "webp")
PATH_NAMES = ("filepath", "file_path", "image_path", "img_path", "file_name", "filename", "path")
URL_NAMES = ("url", "image_url", "img_url")
CAPTION_NAMES = (
    "captions", "caption", "title", "text", "texts", "txt", "sentences", "sentence", "alt_text", "description",
    "prompt",
)  # fmt: skip
ID_NAMES = ("id", "key", "__key__", "uid", "image_id", "img_id")
MMEB_NAMES = ("qry_text", "tgt_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a table holds what.

    Attributes:
        image: pictures: bytes, a struct of bytes and path, or paths.
        is_path: whether the image column holds paths as text.
        captions: one caption or a list of them a row.
        id: ids, text or whole numbers; "" where there is none.
        metadata: the other columns that hold scalars.
    """

    image: str
    is_path: bool
    captions: str
    id: str
    metadata: tuple[str, ...]

    @property
    def key(self) -> str:
        """The column that tells pairs apart: ids, else paths; "" if rows are only numbered."""
        return self.id or (self.image if self.is_path else "")

    @property
    def described(self) -> list[str]:
        """Everything but pictures."""
        names = (self.id, self.captions, self.image if self.is_path else "", *self.metadata)
        return [name for name in names if name]


def find_columns(schema: "pa.Schema", label: str) -> Columns:
    """Return the roles of a table's columns.

    Pictures: a struct with bytes, else a binary column, else text with paths or URLs; of several the one
    whose name is in `IMAGE_NAMES`, then `PATH_NAMES`, then `URL_NAMES`. Captions and ids: text, by name.

    Args:
        schema: names and types.
        label: what the message calls the table.

    Raises:
        DataError: no picture or no caption column, one of another type, or a name that comes twice.
    """
    names = list(schema.names)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{label} must name every column once; {twice!r} comes twice")
    if set(MMEB_NAMES) <= set(names):
        raise DataError(f"{label} holds queries and candidates as MMEB has them; score it with evaluate_mmeb")
    image = _image_column(schema)
    if image is None:
        wanted = (
            "a picture column: bytes, a struct {bytes, path}, or paths under a name such as image or filepath"
        )
        raise DataError(f"{label} must have {wanted}; it has {_listed(schema)}")
    captions = _named(schema, CAPTION_NAMES, lambda t: True, but=image)
    if captions is None:
        raise DataError(
            f"{label} must have a caption column, named {' or '.join(CAPTION_NAMES[:4])}; "
            f"it has {_listed(schema)}"
        )
    if not (_is_text(kind := _value_type(schema, captions)) or _is_list_of_text(kind)):
        raise DataError(f"{label}: column {captions} must hold text or lists of text; it holds {kind}")
    id_column = _named(schema, ID_NAMES, lambda t: _is_text(t) or _is_integer(t), but=image) or ""
    rest = [name for name in names if name not in (image, captions, id_column)]
    return Columns(
        image=image,
        is_path=_is_text(_value_type(schema, image)),
        captions=captions,
        id=id_column,
        metadata=tuple(name for name in rest if _is_scalar(_value_type(schema, name))),
    )


def cells(column: "pa.ChunkedArray") -> list[Any]:
    """Return a column's values; one that is not valid text becomes the `DataError` that says so."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        return [_cell(scalar) for scalar in column]
    return values


def _cell(scalar: Any) -> object:  # noqa: ANN401  (a pyarrow.Scalar, which has no types)
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        return DataError(f"text must be UTF-8; got {error.reason} at byte {error.start}")


def _image_column(schema: "pa.Schema") -> str | None:
    both = (*IMAGE_NAMES, *PATH_NAMES, *URL_NAMES)
    for fits in (_is_picture_struct, _is_binary):
        found = _named(schema, both, fits) or _only(schema, fits)
        if found is not None:
            return found
    return _named(schema, both, _is_text)


def _named(
    schema: "pa.Schema", names: Iterable[str], fits: "Callable[[pa.DataType], bool]", but: str = ""
) -> str | None:
    """Return the first of ``names`` that is a column of a fitting type, whatever its case."""
    columns = {column.lower(): column for column in schema.names if column != but}
    hits = (columns[name] for name in names if name in columns)
    return next((column for column in hits if fits(_value_type(schema, column))), None)


def _only(schema: "pa.Schema", fits: "Callable[[pa.DataType], bool]") -> str | None:
    found = [name for name in schema.names if fits(_value_type(schema, name))]
    return found[0] if len(found) == 1 else None


def _listed(schema: "pa.Schema") -> str:
    shown = ", ".join(f"{field.name} ({str(field.type)[:40]})" for field in list(schema)[:8])
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
