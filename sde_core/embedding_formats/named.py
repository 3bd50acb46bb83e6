"""One name for one set, and a part of it: what a command line, a link or a spec can hold."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sde_core.embedding_formats.opening import open_embeddings
from sde_core.errors import DataError
from sde_core.sets.embeddings import EmbeddingSet


def open_named(name: str, part: Sequence[str] = ()) -> EmbeddingSet:
    """Return an embedding set by name, folder or file, or a part of it; "IMAGE,TEXT" are two files, ",TEXT" is one.

    Args:
        name: of the set.
        part: "column=value" filters, as of `rows_of_part`; the name of the set then says them.

    Raises:
        DataError: nothing there, nothing in a known format, or an empty part.
    """
    whole = _opened(name)
    if not part:
        return whole
    keep = rows_of_part(whole, part)
    if not keep.any():
        raise DataError(f"no picture of {name} is {' and '.join(part)}: take one of them away")
    return whole.select(keep, name=part_name(whole.name or name, part))


def _opened(name: str) -> EmbeddingSet:
    image, comma, text = name.partition(",")
    try:
        if comma and not Path(name).expanduser().exists():
            return open_embeddings(image.strip() or None, text=text.strip() or None)
        return open_embeddings(name)
    except DataError as error:
        if not re.search(r"\b(columns|images|text_to_image)=", str(error)):
            raise
        raise DataError(
            f"{error}; that is an option of open_embeddings: open it in Python, save the set, and name its folder here"
        ) from None


def part_name(name: str, part: Sequence[str]) -> str:
    """Return the name of a part of a set.

    >>> part_name("emoji", ["split=test"]), part_name("emoji", [])
    ('emoji [split=test]', 'emoji')
    """
    return f"{name} [{', '.join(part)}]" if part else name


def rows_of_part(embeddings: EmbeddingSet, part: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return the (n_rows,) mask of a part: values of one column add up, columns narrow each other down.

    Args:
        embeddings: the whole set.
        part: "column=value" each.

    Raises:
        DataError: the set has no such column.
    """
    wanted: dict[str, list[str]] = {}
    for text in part:
        column, _, value = text.partition("=")
        wanted.setdefault(column, []).append(value)
    keep = np.ones(embeddings.n_rows, dtype=bool)
    for column, values in wanted.items():
        if column not in embeddings.metadata:
            known = ", ".join(sorted(embeddings.metadata)) or "none"
            raise DataError(f"part must name columns of the metadata, {known}; got {column!r}")
        keep &= np.isin(embeddings.metadata[column].astype(str), values)
    return keep
