"""Captions beyond the encoder's context are counted, in the set and in what is saved of it."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.encoding.caption_lengths import long_captions
from tests.fixtures import picture_bytes

LONG = (
    "This detailed photograph of a busy street market in the early morning shows many stalls with fruit. " * 5
)


@pytest.fixture(scope="module")
def encoder():
    return sde.load_encoder("bundled")


def test_captions_that_differ_after_the_end_are_counted_and_tie(encoder, tmp_path):
    endings = ("a cat sits left", "a dog runs right", "nobody is there")
    for number, ending in enumerate((*endings, "")):
        (tmp_path / f"{number}.png").write_bytes(picture_bytes("red", (8, 8)))
        (tmp_path / f"{number}.txt").write_text(LONG + ending if ending else "a short caption")
    made = sde.encode_pairs(encoder, sde.open_pairs(tmp_path), workers=0)
    (remark,) = made.remarks
    assert remark.startswith("3 of 4 captions are longer than the encoder reads")
    assert "2 of them have the same vector as another" in remark
    loaded = sde.EmbeddingSet.load(made.save(tmp_path / "set"))
    assert loaded.remarks == made.remarks
    assert np.array_equal(made.text[0], made.text[1])


def test_a_caption_that_just_fits_is_not_counted(encoder):
    read = encoder.characters_read(LONG)
    assert 0 < read < len(LONG)
    assert long_captions(encoder, [LONG[:read].rstrip(), "short", ""]) == ()
    assert len(long_captions(encoder, [LONG[:read] + " and more words"])) == 1


def test_pictures_without_captions_are_encoded(encoder, tmp_path):
    from tests.sde_core.pairs.test_members import RED, shard

    made = sde.encode_pairs(
        encoder, sde.open_pairs(shard(tmp_path, ("0.png", RED), ("1.png", RED))), workers=0
    )
    assert made.modalities == ("image",)
    assert (made.n_images, made.text.shape) == (2, (0, made.width))
