"""Which array or column plays which part, by its name."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from sde_core.embedding_formats.base import Container, Matrix, Table, no_rows
from sde_core.errors import ConfigError, DataError

Role: TypeAlias = Literal["image", "text", "image_id", "text_id", "caption", "text_to_image"]
_SIDES: tuple[Literal["image", "text"], ...] = ("image", "text")
ROLES: tuple[Role, ...] = ("image", "text", "image_id", "text_id", "caption", "text_to_image")

_WORDS = r"(emb|embed|embedding|feat|feature|vec|vector)s?"
_VECTORS = rf"(_?{_WORDS})?(_?\d+)?$"
_IMAGE = r"(^|.*[^a-z])(image|img|picture|photo|visual|vision)s?"
_TEXT = r"(^|.*[^a-z])(text|txt|caption|sentence)s?"
_INDEX = r"(text|txt|caption)s?_?(to|2)_?(image|img|picture)s?(_?(index|idx|id|row)(e?s)?)?$|links$"

# In order of preference; the first name that is there wins.
_IDS = ("id", "ids", "image_id", "image_ids", "img_id", "img_ids", "key", "keys", "uid", "uids", "image_path",
        "filepath", "file_path", "file_name", "filename", "path")  # fmt: skip
_TEXT_IDS = ("text_image_id", "text_image_ids", "caption_image_id", "caption_image_ids", "text_id", "text_ids",
             "caption_id", "caption_ids")  # fmt: skip
_CAPTIONS = ("caption", "captions", "text", "texts", "title", "sentence", "sentences")


# Columns that lie beside vectors of images.
_OF_PICTURES = ("image", "images", "img", "url", "image_url", "image_path", "img_path", "filepath", "file_path",
                "file_name", "filename", "image_id", "img_id")  # fmt: skip


def normal(name: str) -> str:
    """Return a name in lower case with underscores for anything that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def check_columns(columns: Mapping[str, str] | None) -> Mapping[Role, str]:
    """Return the user's role -> name map.

    Raises:
        ConfigError: a role that there is not.
    """
    for role in columns or {}:
        if role not in ROLES:
            raise ConfigError(f"columns must name roles out of {', '.join(ROLES)}; got {role!r}")
    return dict(columns or {})  # type: ignore[return-value]


def is_known_name(name: str) -> bool:
    """Return whether a name is one of a column: of ids, captions or an index, by itself or with "meta." before it."""
    return normal(name) in {*_IDS, *_TEXT_IDS, *_CAPTIONS, *_OF_PICTURES, "label"} or is_index_name(name)


def is_image_name(name: str) -> bool:
    """Return whether a name is one of image vectors: image, img_emb, clip-image-embeddings_0."""
    return not is_index_name(name) and bool(re.match(_IMAGE + _VECTORS, normal(name)))


def is_text_name(name: str) -> bool:
    """Return whether a name is one of caption vectors."""
    return not is_index_name(name) and bool(re.match(_TEXT + _VECTORS, normal(name)))


def is_vector_name(name: str) -> bool:
    """Return whether a name says that something is a vector: embedding, img_emb, features_0."""
    return bool(re.search(rf"(^|_|[a-z]){_WORDS}(_?\d+)?$", normal(name)))


def is_index_name(name: str) -> bool:
    """Return whether a name is one of an index from texts to images: text_to_image, links."""
    return bool(re.match(_INDEX, normal(name)))


def vectors_of(
    container: Container, role: Literal["image", "text"], wanted: str | None, *, is_lone: bool
) -> Matrix:
    """Return the vectors that play ``role``.

    Args:
        container: the file.
        role: "image" or "text".
        wanted: name that the user gave; None goes by the names.
        is_lone: whether the file is there for this role alone; one array needs no name then.

    Raises:
        DataError: none or several could be meant, the wanted one is not there, or it cannot be used.
    """
    names = list(container.matrices)
    found = names if is_lone and len(names) == 1 and wanted is None else _named(container, role, wanted)
    if len(found) != 1:
        raise DataError(_which(container, role, wanted, found or names))
    matrix = container.matrices[found[0]]
    if isinstance(matrix, DataError):
        raise matrix
    return matrix


def _named(container: Container, role: str, wanted: str | None) -> list[str]:
    """Return the arrays that are called as ``role`` is, or as the user named it."""
    if wanted is not None:
        return [wanted] if wanted in container.matrices else []
    is_named = is_image_name if role == "image" else is_text_name
    found = [name for name in container.matrices if is_named(name)]
    # Captions that cannot be read may be called "captions"; vectors that can be read come first.
    return [n for n in found if isinstance(container.matrices[n], Matrix)] or found[:1]


def both_vectors(
    image: Container | None, text: Container | None, columns: Mapping[Role, str]
) -> tuple[Matrix, Matrix, tuple[str, ...]]:
    """Return image vectors, caption vectors and remarks; one without rows where there are those of one modality.

    Args:
        image: the file of image vectors, or of both, or of whichever there are; None beside ``text``.
        text: the file of caption vectors, where there is one.
        columns: the user's role -> name.

    Raises:
        DataError: as `vectors_of`, or several arrays of which it is not clear which is what.
    """
    if image is None:
        if text is None:
            raise DataError("path or text must name a file of vectors; got neither")
        texts = vectors_of(text, "text", columns.get("text"), is_lone=True)
        return no_rows(texts), texts, ()
    if text is not None:
        pictures = vectors_of(image, "image", columns.get("image"), is_lone=True)
        return pictures, vectors_of(text, "text", columns.get("text"), is_lone=True), ()
    role, remarks = _only_role(image, columns)
    if role is None:
        pictures = vectors_of(image, "image", columns.get("image"), is_lone=False)
        return pictures, vectors_of(image, "text", columns.get("text"), is_lone=False), ()
    found = vectors_of(image, role, columns.get(role), is_lone=True)
    return (found, no_rows(found), remarks) if role == "image" else (no_rows(found), found, remarks)


def _only_role(
    container: Container, columns: Mapping[Role, str]
) -> tuple[Literal["image", "text"] | None, tuple[str, ...]]:
    """Return the modality that a file has vectors of, None if it has both or is not clear, with remarks."""
    named = {role: _named(container, role, columns.get(role)) for role in _SIDES}
    there = [role for role in _SIDES if named[role]]
    usable = [name for name, found in container.matrices.items() if isinstance(found, Matrix)]
    if len(there) == 1 and not any(role in columns for role in _SIDES if role not in there):
        (role,) = there
        others = [name for name in container.matrices if name not in named[role]]
        if not others or role in columns:
            left = f"Other vectors of the file are left: {listed(others)}."
            return role, (left,) * bool(others)
    if there or len(usable) != 1 or len(container.matrices) != 1 or any(r in columns for r in _SIDES):
        return None, ()
    path = Path(container.place)
    for name in (path.stem, path.parent.name):
        if is_image_name(name) or is_text_name(name):
            return ("image" if is_image_name(name) else "text"), ()
    plain = {normal(name) for name in container.columns}
    is_text = bool(plain & set(_CAPTIONS)) and not plain & set(_OF_PICTURES)
    lone: Literal["image", "text"] = "text" if is_text else "image"
    return lone, (f"No name says of what the vectors are: they are read as {lone} vectors.",)


def _which(container: Container, role: str, wanted: str | None, names: list[str]) -> str:
    if wanted is not None:
        return f"{container.place} must hold vectors named {wanted!r}; it has {listed(names)}"
    kind = "picture" if role == "image" else "caption"
    if not container.matrices and container.columns:
        return (
            f"{container.place} must hold {kind} vectors as lists of numbers, or as bytes in a column called such as "
            f'"{role}_embedding"; no column is one, beside {listed(container.columns)}'
        )
    return (
        f'{container.place} must hold one array of {kind} vectors, named such as "{role}"; it has '
        f'{listed(names)}: say which, columns={{"{role}": NAME}}, or give them as another file'
    )


def column_of(
    tables: Mapping[str, Table], role: Role, columns: Mapping[Role, str], *, is_lone: bool = False
) -> tuple[Table, str] | None:
    """Return the table and name of the column that plays ``role``, or None where there is none.

    Args:
        tables: name of a column -> its table.
        role: one of `ROLES` that is no vectors.
        columns: what the user named; it is taken where it is there.
        is_lone: whether the tables belong to captions alone; their "image_id" or "id" is then a text_id.
    """
    if columns.get(role) in tables:
        name = columns[role]
        return tables[name], name
    if role == "text_to_image":
        return next(((t, n) for n, t in tables.items() if is_index_name(n)), None)
    order = {"image_id": _IDS, "text_id": _TEXT_IDS, "caption": _CAPTIONS}[role]
    if role == "text_id" and is_lone:
        order += ("image_id", "image_ids", *_IDS)
    by_normal = {normal(name): name for name in tables}
    found = next((by_normal[n] for n in order if n in by_normal), None)
    return None if found is None else (tables[found], found)


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence lists them, twelve at most."""
    found = [repr(name) for name in names]
    return ", ".join(found[:12]) + (f" and {len(found) - 12} more" if len(found) > 12 else "") or "none"
