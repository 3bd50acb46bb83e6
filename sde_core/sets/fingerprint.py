"""What a set is, in one word: a digest of its content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.files.in_order import rows_in_order
from sde_core.sets.columns import utf8_of
from sde_core.sets.strings import joined_utf8

_ROWS = 65_536
"""Rows that are read at a time: a mapped set is not held whole."""


def fingerprint_of(
    arrays: Iterable[npt.NDArray[Any]],
    strings: Iterable[Sequence[str]],
    columns: Mapping[str, npt.NDArray[Any]],
) -> str:
    """Return the hex digest of what a set holds.

    Args:
        arrays: vectors and links, in their order.
        strings: ids and captions, in their order.
        columns: metadata, in any order.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for _, rows in rows_in_order(array, _ROWS):
            digest.update(np.ascontiguousarray(rows).data)
    for words in strings:
        for part in joined_utf8(words):
            digest.update(part)
        digest.update(b"\1")
    for key in sorted(columns):
        digest.update(f"{key}\1".encode())
        for part in utf8_of(columns, key):
            digest.update(part)
    return digest.hexdigest()
