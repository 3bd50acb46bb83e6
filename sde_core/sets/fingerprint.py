"""What a set is, in one word: a digest of its content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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
        for start in range(0, len(array), _ROWS):
            digest.update(np.ascontiguousarray(array[start : start + _ROWS]).data)
    for words in strings:
        digest.update("\0".join(words).encode("utf-8", "surrogatepass"))
        digest.update(b"\1")
    for key in sorted(columns):
        digest.update(f"{key}\1".encode())
        digest.update("\0".join(map(str, columns[key].tolist())).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
