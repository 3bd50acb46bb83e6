"""A picture as small as a page shows it."""

import io

import sde_core as sde

PIXELS = 192


def thumbnail_of(content: bytes, pixels: int = PIXELS) -> bytes:
    """Return a picture's file content as a small WebP, about 3 KB.

    Args:
        content: of the file.
        pixels: of the longer side at most.

    Raises:
        DataError: it is not a picture that can be decoded.
    """
    from sde_core.pairs.image import decode_image

    try:
        small = decode_image(content)
        small.thumbnail((pixels, pixels))
        out = io.BytesIO()
        small.save(out, "WEBP", quality=82)
    except OSError as error:  # cut off
        raise sde.DataError(f"the picture cannot be decoded: {error}") from None
    return out.getvalue()
