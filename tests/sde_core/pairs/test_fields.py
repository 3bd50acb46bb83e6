import io

import pytest

from sde_core.errors import DataError
from sde_core.pairs.fields import caption_text, clean_captions, clean_id
from sde_core.pairs.limits import MAX_CAPTION_CHARACTERS, allowed_unpacked, read_at_most


def test_captions_are_stripped_and_kept_once():
    assert clean_captions([" a ", "", "b", "a", "\n"]) == ("a", "b")


@pytest.mark.parametrize(
    ("captions", "reason"),
    [
        ([], "no caption"),
        ([" ", ""], "no caption"),
        (["x" * 1_000_000], "has 1,000,000 characters; at most 100,000"),
        (["\ud800"], "half of a surrogate pair"),
    ],
)
def test_captions_that_cannot_be_used_say_why(captions, reason):
    with pytest.raises(DataError, match=reason):
        clean_captions(captions)


def test_the_longest_caption_is_still_read():
    assert clean_captions(["x" * MAX_CAPTION_CHARACTERS])


@pytest.mark.parametrize("text", [" ", "x" * 5_000, "caf\udce9"])
def test_ids_that_cannot_be_used_are_refused(text):
    with pytest.raises(DataError, match=r"its (id|name)"):
        clean_id(text)


def test_a_wrong_encoding_is_named_with_its_line():
    assert caption_text("\ufeffcafé".encode()) == "café"
    with pytest.raises(DataError, match=r"not UTF-8: .* at byte 5, line 2"):
        caption_text(b"a\ncaf\xe9")


def test_limits_are_held():
    assert read_at_most(io.BytesIO(b"abc"), 3, "x") == b"abc"
    with pytest.raises(DataError, match="x must have at most 2 bytes"):
        read_at_most(io.BytesIO(b"abc"), 2, "x")
    assert allowed_unpacked(0) == 64 * 2**20 < allowed_unpacked(1)
