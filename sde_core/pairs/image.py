"""Picture bytes to an RGB picture, or one sentence that says why not."""

import io
import struct
from typing import TYPE_CHECKING

from sde_core.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_MEGAPIXELS = 64
"""Larger pictures are refused before they are decoded: they would cost gigabytes for a 224 px input."""


def decode_image(content: bytes) -> "Image":
    """Return the first frame of an encoded picture in RGB, transparent parts on white.

    Args:
        content: a file of any format that Pillow reads.

    Raises:
        DataError: not a picture, a damaged one, or one above `MAX_MEGAPIXELS`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            megapixels = picture.width * picture.height / 1e6
            if megapixels > MAX_MEGAPIXELS:
                raise DataError(
                    f"the picture must have at most {MAX_MEGAPIXELS} megapixels; got {megapixels:.0f}"
                )
            if picture.has_transparency_data:
                layer = picture.convert("RGBA")
                white = Image.new("RGBA", layer.size, "white")
                return Image.alpha_composite(white, layer).convert("RGB")
            return picture.convert("RGB")
    except UnidentifiedImageError:
        raise DataError("the picture's format is not known, or the file is not a picture") from None
    except Image.DecompressionBombError:
        raise DataError(f"the picture must have at most {MAX_MEGAPIXELS} megapixels; got far more") from None
    except DataError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise DataError(f"the picture is damaged: {error}") from None
