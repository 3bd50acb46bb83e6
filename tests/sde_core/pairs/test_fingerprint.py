from sde_core.pairs import open_pairs
from sde_core.pairs.base import Pair
from sde_core.pairs.fingerprint import content_digest


def _pair(**changes):
    return Pair(
        **{"id": "a", "captions": ("x", "y"), "read_image": lambda: b"p", "metadata": {"n": 3}} | changes
    )


def test_equal_content_has_equal_digests_in_any_order():
    a, b = _pair(), _pair(id="b")
    assert content_digest([a, b]) == content_digest([b, a])
    assert content_digest([_pair(metadata={"n": "3"})]) == content_digest([a])


def test_every_part_of_a_pair_counts():
    parts = [
        {},
        {"id": "b"},
        {"captions": ("y", "x")},
        {"captions": ("x y",)},
        {"read_image": lambda: b"q"},
        {"metadata": {"n": 4}},
        {"metadata": {}},
    ]
    assert len({content_digest([_pair(**part)]) for part in parts}) == len(parts)


def test_shards_split_or_compressed_have_the_same_content(write_shard, good_members):
    whole = open_pairs(write_shard(good_members, "whole.tar"))
    zipped = open_pairs(write_shard(good_members, "whole.tar.gz"))
    assert whole.content_fingerprint() == zipped.content_fingerprint()
    assert whole.fingerprint != zipped.fingerprint
