"""Image bytes to an RGB image, or one sentence that says why not."""

import io
import struct
from contextlib import nullcontext
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.files.recognised import recognised

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "AVIF", "PPM")
"""Pillow's names of what is decoded: all inside this process, none by another program as EPS is."""

MAX_MEGAPIXELS = 64
"""Larger images are refused before they are decoded: they would cost gigabytes for a 224 px input."""

_LARGE_MEGAPIXELS = 16
# One large image at a time in a process: of 64 megapixels and with transparency it takes 1.9 GB for a moment.
_LARGE = Lock()

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, TypeError, OverflowError)


def decode_image(content: bytes) -> "Image":
    """Return the first frame of an encoded image in RGB, upright, transparent parts on white.

    Depths of more than eight bits keep their range: 0 to 65,535 becomes 0 to 255; numbers with fractions that lie in
    [0, 1] or [0, 255] are taken so, others from their smallest to their largest. Points that are no number (NaN) are
    transparent, so white. Colour profiles are not applied, as encoders are trained without them, save that Lab becomes
    sRGB.

    Args:
        content: a file in one of `FORMATS`.

    Raises:
        DataError: not an image, a damaged one, of another format, or one above `MAX_MEGAPIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=_formats()) as picture:
            megapixels = picture.width * picture.height / 1e6
            if megapixels > MAX_MEGAPIXELS:
                raise DataError(
                    f"the picture must have at most {MAX_MEGAPIXELS} megapixels; got {megapixels:.0f}"
                )
            with _LARGE if megapixels > _LARGE_MEGAPIXELS else nullcontext():
                return _rgb(_upright(picture))
    except UnidentifiedImageError:
        raise DataError(_unknown(content)) from None
    except Image.DecompressionBombError:
        raise DataError(f"the picture must have at most {MAX_MEGAPIXELS} megapixels; got far more") from None
    except DataError:
        raise
    except _DAMAGED as error:
        raise DataError(f"the picture is damaged: {error}") from None


@cache
def _formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that this Pillow was built with."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _unknown(content: bytes) -> str:
    what = recognised(content[:256])
    return (
        f"the file is {what}"
        if what
        else "the picture's format is not known, or the file is not a picture: convert it to one of those that are "
        f"read, {', '.join(_formats())}"
    )


def _upright(picture: "Image") -> "Image":
    """Return an image turned as its camera says; a damaged note of that is passed over."""
    from PIL import ImageOps

    picture.load()  # what is damaged of the image itself is not passed over
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGED:
        return picture


def _rgb(picture: "Image") -> "Image":
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        return _eight_bits(picture).convert("RGB")
    if picture.mode == "LAB":
        return _from_lab(picture)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: "Image") -> "Image":
    """Return a grey image of more depth in eight bits; `convert` would cut off what is above 255."""
    import numpy as np
    from PIL import Image

    values = np.asarray(picture, dtype=np.float32)
    there = np.isfinite(values)
    if not there.any():
        raise DataError("the picture holds no finite number: each of its points is NaN or infinite")
    low, high = float(values[there].min()), float(values[there].max())
    ends = (1.0, 255.0) if picture.mode == "F" else (65_535.0,)
    top = next((end for end in ends if low >= 0 and high <= end), None)
    shift = 0.0 if top is not None else low
    factor = np.float32(255 / (top or max(high - low, 1e-30)))
    lit = (np.clip(values, low, high) - np.float32(shift)) * factor  # infinite ones are as the ends
    scaled = np.rint(np.where(np.isnan(lit), 255, lit)).clip(0, 255)
    return Image.fromarray(scaled.astype(np.uint8))


def _from_lab(picture: "Image") -> "Image":
    from PIL import ImageCms

    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    try:
        made = ImageCms.profileToProfile(picture, *profiles, outputMode="RGB")
    except ImageCms.PyCMSError as error:
        raise DataError(f"the picture's Lab colours cannot be read: {error}") from None
    if made is None:
        raise DataError("the picture's Lab colours cannot be read")
    return made
