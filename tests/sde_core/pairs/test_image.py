import io
import struct
import zlib

import pytest
from PIL import Image

from sde_core.errors import DataError
from sde_core.pairs import decode_image


def _encoded(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_common_format_becomes_rgb(kind):
    picture = decode_image(_encoded(Image.new("RGB", (8, 6), (200, 30, 30)), kind))
    assert (picture.mode, picture.size) == ("RGB", (8, 6))


def test_transparent_parts_become_white_not_black():
    layer = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert decode_image(_encoded(layer, "PNG")).getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_not_a_picture_is_refused(content):
    with pytest.raises(DataError, match=r"not a picture|damaged"):
        decode_image(content)


def test_a_cut_off_picture_is_refused():
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    content = _encoded(noise, "PNG")
    with pytest.raises(DataError, match="damaged"):
        decode_image(content[: len(content) // 2])


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_huge_picture_is_refused_before_it_is_decoded(side):
    # A PNG header that declares side x side pixels; the pixels are not there and are never asked for.
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    idat = b"IDAT" + zlib.compress(b"\0")
    content += struct.pack(">I", len(idat) - 4) + idat + struct.pack(">I", zlib.crc32(idat))
    with pytest.raises(DataError, match="at most 64 megapixels"):
        decode_image(content)
