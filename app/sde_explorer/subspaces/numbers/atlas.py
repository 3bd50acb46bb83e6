"""Where pictures lie by the directions of one band, and all pictures small in one sheet."""

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import BANDS

if TYPE_CHECKING:
    from sde_core.spectra.spectrum import Spectrum

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

PIXELS = 40
"""Of a picture in the sheet, each way: 10,000 of them are 4,000 each way, which every WebGL takes."""
FEWEST_FOR_UMAP = 3
"""Directions of a band from which on neighbourhoods are laid out; fewer are shown as they are."""


@dataclass(frozen=True, kw_only=True)
class BandMap:
    """Where pictures lie by the directions of one band.

    Attributes:
        band: its name.
        count: its directions.
        flat: (p, 2) where they lie; all on one point without directions.
    """

    band: str
    count: int
    flat: Floats


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Pictures row by row in one, the missing ones empty.

    Attributes:
        content: a WebP file.
        columns: pictures beside each other.
        rows: pictures below each other.
        n_missing: pictures that could not be read.
    """

    content: bytes
    columns: int
    rows: int
    n_missing: int


def band_coefficients(
    vectors: npt.NDArray[np.floating], spectrum: "Spectrum", labels: npt.NDArray[np.int64], band: int
) -> Floats:
    """Return the (p, k) coefficients of rows along the k directions of a band, the largest direction first."""
    members = np.flatnonzero(labels == band)
    rows = np.asarray(vectors, dtype=np.float32)
    if spectrum.mean is not None:
        rows = rows - spectrum.mean.float().cpu().numpy()
    along: Floats = rows @ spectrum.basis.float().cpu().numpy()[:, members]
    return along


def first_plane(coefficients: Floats, band: int) -> BandMap:
    """Return the plane of a band's two largest directions; one direction alone is a line."""
    flat = np.zeros((len(coefficients), 2), np.float32)
    count = coefficients.shape[1]
    flat[:, : min(count, 2)] = coefficients[:, :2]
    return BandMap(band=BANDS[band], count=count, flat=flat)


def picture_sheet(
    contents: Iterable[bytes | None], count: int, progress: Callable[[int, int], None] | None = None
) -> Sheet:
    """Return pictures in one sheet.

    Args:
        contents: file content of each picture, or None where there is none.
        count: how many they are.
        progress: called with pictures done and pictures in all.
    """
    from PIL import Image

    from sde_core.pairs.image import decode_image

    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / columns))
    sheet = Image.new("RGBA", (columns * PIXELS, rows * PIXELS))
    n_missing = 0
    for i, content in enumerate(contents):
        try:
            if content is None:
                raise sde.DataError("no picture")
            small = decode_image(content)
            small.thumbnail((PIXELS, PIXELS))
            left, top = PIXELS * (i % columns), PIXELS * (i // columns)
            sheet.paste(small, (left + (PIXELS - small.width) // 2, top + (PIXELS - small.height) // 2))
        except (sde.DataError, OSError):
            n_missing += 1
        if progress is not None and i % 50 == 0:
            progress(i, count)
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=80, method=2)
    return Sheet(content=out.getvalue(), columns=columns, rows=rows, n_missing=n_missing)
