"""Nearly equal images: 64 bits that stay when one is scaled or saved again, and then its colours in 8 x 8 cells."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image

NEAR_BITS = 3
"""Bits by which nearly equal images may differ: saving as JPEG of quality 60 moves one or two."""

NEAR_COLOUR = 6.0
"""Mean difference of the colours of their cells, of 255: saving as JPEG of quality 60 moves it by one or two."""

_BLOCK = 1024
_BICUBIC = 3
_BITS = np.array([number.bit_count() for number in range(256)], dtype=np.uint8)

Bytes = npt.NDArray[np.uint8]


def difference_hash(picture: "Image") -> int:
    """Return 64 bits: whether each of 8 x 8 grey cells is darker than its right neighbour.

    Source: dHash, N. Krawetz, "Kind of like that", 2013.
    """
    grey = np.asarray(picture.convert("L").resize((9, 8), _BICUBIC), dtype=np.int16)
    bits = np.packbits(grey[:, :-1] < grey[:, 1:])
    return int.from_bytes(bits.tobytes(), "big")


def cell_colours(picture: "Image") -> Bytes:
    """Return (192,) the colours of 8 x 8 cells."""
    return np.asarray(picture.resize((8, 8), _BICUBIC), dtype=np.uint8).ravel()


def nearest_before(hashes: npt.NDArray[np.uint64], colours: Bytes) -> npt.NDArray[np.int64]:
    """Return, for each image, the first one that it is nearly equal to; itself where there is none before it.

    Args:
        hashes: (n,) from `difference_hash`.
        colours: (n, 192) from `cell_colours`.
    """
    first = np.arange(len(hashes), dtype=np.int64)
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK]
        near = _n_bits(block[:, None] ^ hashes[None, : start + len(block)]) <= NEAR_BITS
        rows, others = np.nonzero(np.tril(near, start - 1))
        apart = _apart(colours, rows + start, others)
        rows, others = rows[apart <= NEAR_COLOUR], others[apart <= NEAR_COLOUR]
        np.minimum.at(first, rows + start, others)
    return first


def _apart(colours: Bytes, rows: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    parts = [
        np.abs(colours[rows[at : at + 65_536]].astype(np.int16) - colours[others[at : at + 65_536]]).mean(
            axis=1
        )
        for at in range(0, len(rows), 65_536)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _n_bits(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    if hasattr(np, "bitwise_count"):  # from numpy 2 on
        return np.bitwise_count(numbers)
    found: npt.NDArray[np.uint8] = (
        _BITS[numbers.view(np.uint8)].reshape(*numbers.shape, 8).sum(-1, dtype=np.uint8)
    )
    return found
