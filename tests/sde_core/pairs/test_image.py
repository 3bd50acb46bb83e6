import io
import struct
import subprocess
import zlib

import numpy as np
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
    with pytest.raises(DataError, match=r"not a picture|damaged|empty"):
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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_says(orientation):
    stored = Image.new("RGB", (40, 20), "white")
    stored.paste("red", (0, 0, 20, 10))  # the corner at the top left, as it is stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=95, exif=exif)
    picture = decode_image(out.getvalue())
    assert picture.size == ((40, 20) if orientation < 5 else (20, 40))
    corners = {1: (2, 2), 2: (37, 2), 3: (37, 17), 4: (2, 17), 5: (2, 2), 6: (17, 2), 7: (17, 37), 8: (2, 37)}
    red, green, _ = picture.getpixel(corners[orientation])
    assert red > 200
    assert green < 60


def _grey(dtype, top: float) -> Image.Image:
    return Image.fromarray(np.linspace(0, top, 256).reshape(16, 16).astype(dtype))


@pytest.mark.parametrize(
    ("dtype", "top", "kind"),
    [
        (np.uint16, 65_535, "PNG"),
        (np.uint16, 65_535, "TIFF"),
        (">u2", 65_535, "TIFF"),
        (np.int32, 65_535, "TIFF"),
        (np.int32, 2**30, "TIFF"),
        (np.float32, 1.0, "TIFF"),
        (np.float32, 255.0, "TIFF"),
        (np.float32, 9000.0, "TIFF"),
    ],
)
def test_every_depth_keeps_its_range(dtype, top, kind):
    picture = _grey(dtype, top)
    grey = np.asarray(decode_image(_encoded(picture, kind)))[..., 0].ravel().astype(int)
    np.testing.assert_allclose(grey, np.arange(256), atol=1)  # rounding of the ramp, and of the way back


def test_points_that_are_no_number_are_transparent_and_infinite_ones_are_ends():
    nan, inf = np.nan, np.inf
    kept = Image.fromarray(np.array([[0, 100, 200], [nan, inf, -inf]], np.float32))
    spread = Image.fromarray(np.array([[-10, 0, 10], [nan, inf, -inf]], np.float32))
    got = [np.asarray(decode_image(_encoded(p, "TIFF")))[..., 0].tolist() for p in (kept, spread)]
    assert got == [[[0, 100, 200], [255, 200, 0]], [[0, 128, 255], [255, 255, 0]]]
    with pytest.raises(DataError, match="no finite number"):
        decode_image(_encoded(Image.fromarray(np.full((2, 2), nan, np.float32)), "TIFF"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
def test_white_stays_white_in_every_mode(mode):
    picture = {
        "I;16": lambda: _grey(np.uint16, 65_535),
        "I": lambda: _grey(np.int32, 65_535),
        "F": lambda: _grey(np.float32, 1.0),
        "LAB": lambda: Image.merge("LAB", [Image.new("L", (16, 16), v) for v in (255, 128, 128)]),
        "CMYK": lambda: Image.new("CMYK", (16, 16), (0, 0, 0, 0)),
    }.get(mode, lambda: Image.new("RGB", (16, 16), "white").convert(mode))()
    made = decode_image(_encoded(picture, "TIFF"))
    assert made.mode == "RGB"
    np.testing.assert_allclose(made.getpixel((15, 15)), 255, atol=2)  # Lab to sRGB rounds


def test_a_format_that_is_not_listed_is_not_opened_and_no_program_is_started(monkeypatch):
    def started(*_, **__):
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(subprocess, "check_call", started)
    eps = io.BytesIO()
    Image.new("RGB", (8, 8)).save(eps, "EPS")
    for content in (eps.getvalue(), _encoded(Image.new("RGB", (8, 8)), "ICO")):
        with pytest.raises(DataError, match=r"format is not known|PostScript"):
            decode_image(content)


def test_damaged_notes_of_a_camera_do_no_harm():
    content = _encoded(Image.new("RGB", (8, 6), (200, 30, 30)), "JPEG")
    for garbage in (b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II", b"Exif\0\0" + b"\xff" * 40):
        segment = b"\xff\xe1" + struct.pack(">H", len(garbage) + 2) + garbage
        assert decode_image(content[:2] + segment + content[2:]).size == (8, 6)
