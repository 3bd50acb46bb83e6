import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def encoder(tiny_encoder_folder):
    return sde.load_encoder(tiny_encoder_folder, device="cpu")


def test_vectors_belong_to_their_pairs(encoder, write_shard, good_members):
    pairs = sde.open_pairs(write_shard(good_members))
    made = sde.encode_pairs(encoder, pairs, batch_size=2)
    assert made.image_ids == ("0000", "0001", "0002", "0003", "0004")
    assert made.captions_of(3) == ("a white square", "something white")
    alone = encoder.encode_images(encoder.preprocess(_picture(pairs, "0003"))[None])
    # The batch may change the order of float32 sums, nothing else.
    np.testing.assert_allclose(made.image[3], alone[0].numpy(), atol=2e-6)
    np.testing.assert_allclose(
        made.text[made.primary_text[3]], encoder.encode_texts(["a white square"])[0], atol=2e-6
    )
    assert made.metadata["number"].tolist() == [0, 1, 2, 3, 4]
    assert made.provenance.weights_sha256 == encoder.weights_sha256
    assert made.provenance.pairs_fingerprint == pairs.fingerprint


def test_the_batch_size_changes_nothing(encoder, write_shard, good_members):
    path = write_shard(good_members)
    one, many = (
        sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=b, workers=w) for b, w in ((1, 1), (64, 3))
    )
    np.testing.assert_allclose(one.image, many.image, atol=2e-6)
    np.testing.assert_allclose(one.text, many.text, atol=2e-6)
    assert one.links.tolist() == many.links.tolist()


def test_a_caption_that_pictures_share_is_encoded_once(encoder, write_shard, good_members):
    shared = [(n, b"the same\nsecond\n" if n.endswith("txt") else c) for n, c in good_members]
    made = sde.encode_pairs(encoder, sde.open_pairs(write_shard(shared)))
    assert made.captions == ("the same", "second")
    assert made.links[:, 0].tolist() == [0, 1] * 5


def test_broken_pictures_are_skipped_counted_and_listed(encoder, write_shard, good_members):
    broken = [(n, b"not a picture" if n == "0001.webp" else c) for n, c in good_members]
    broken += [("0009.webp", good_members[0][1]), ("0009.txt", b"")]
    made = sde.encode_pairs(encoder, sde.open_pairs(write_shard(broken)), batch_size=2)
    assert made.image_ids == ("0000", "0002", "0003", "0004")
    assert {s.item: s.reason for s in made.skipped} == {
        "0009": "no caption, or an empty one",
        "0001": "the picture's format is not known, or the file is not a picture",
    }


def test_a_set_without_one_usable_pair_is_refused(encoder, write_shard, good_members):
    bad = [(n, b"x" if n.endswith("webp") else c) for n, c in good_members]
    with pytest.raises(DataError, match=r"at least one usable pair; 5 were skipped; the first: 0000"):
        sde.encode_pairs(encoder, sde.open_pairs(write_shard(bad)))


def test_progress_counts_both_stages_and_can_cancel(encoder, write_shard, good_members):
    seen = []
    path = write_shard(good_members)
    sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2, progress=seen.append)
    assert [(p.stage, p.done, p.total) for p in seen if p.stage == "images"] == [
        ("images", 2, 5),
        ("images", 4, 5),
        ("images", 5, 5),
    ]
    assert (seen[-1].stage, seen[-1].done, seen[-1].total, seen[-1].seconds_left) == ("captions", 10, 10, 0.0)

    class CancelledError(Exception):
        pass

    def cancel(_):
        raise CancelledError

    with pytest.raises(CancelledError):
        sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2, progress=cancel)


@pytest.mark.parametrize("option", ["batch_size", "workers"])
def test_counts_below_one_are_refused(encoder, write_shard, good_members, option):
    with pytest.raises(ConfigError, match=f"{option} must be at least 1; got 0"):
        sde.encode_pairs(encoder, sde.open_pairs(write_shard(good_members)), **{option: 0})


def _picture(pairs, pair_id):
    from sde_core.pairs import decode_image

    return decode_image(pairs.find(pair_id).read_image())
