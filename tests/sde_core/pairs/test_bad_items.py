"""In every format: an empty caption, one of 1 MB, no picture, one of 600 megapixels cost only themselves."""

import struct
import zlib

import pytest

from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs
from tests.fixtures import picture_bytes
from tests.sde_core.pairs.formats import WRITERS, Written


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


HUGE = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 20_000, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b""))
    + _chunk(b"IEND", b"")
)
GOOD = picture_bytes("red", (8, 8))
ITEMS = [("a", "good", GOOD), ("b", "", GOOD), ("c", "x" * 1_000_000, GOOD), ("d", "text", b"no picture"),
         ("e", "large", HUGE), ("f", "good as well", GOOD)]  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_a_bad_item_costs_itself_and_says_why(name, tmp_path):
    pairs = open_pairs(
        WRITERS[name](
            tmp_path / "set", [Written(i, (text,), picture, {"n": 1}) for i, text, picture in ITEMS]
        )
    )
    found = {pair.id: pair for pair in pairs}
    assert sorted(found) == ["a", "d", "e", "f"]
    assert len(pairs.skipped) == 2
    for pair_id, why in (("d", "not a picture"), ("e", "at most 64 megapixels")):
        with pytest.raises(DataError, match=why):
            decode_image(found[pair_id].read_image())
    assert decode_image(found["f"].read_image()).size == (8, 8)
