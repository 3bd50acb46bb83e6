import pytest

from sde_core.errors import DataError
from sde_core.pairs import Classification, open_pairs
from tests.fixtures import picture_bytes


@pytest.fixture
def benchmark(write_shard, tmp_path):
    """Write the layout; `kind` is "classification" or "retrieval"."""

    def write(kind, split="test"):
        root = tmp_path / "wds_flowers"
        (root / split).mkdir(parents=True, exist_ok=True)
        (root / "dataset_type.txt").write_text(f"{kind}\n")
        for shard in range(2):
            members = []
            for i in range(2):
                key = f"s{2 * shard + i:07d}"
                suffix, text = ("txt", f"one {key}\ntwo\n") if kind == "retrieval" else ("cls", f"{i}\n")
                members += [(f"{key}.webp", picture_bytes()), (f"{key}.{suffix}", text.encode())]
            write_shard(members, "new.tar").rename(root / split / f"{shard}.tar")
        (root / split / "nshards.txt").write_text("2")
        if kind == "classification":
            (root / "classnames.txt").write_text("pink primrose\nballoon flower\n")
            (root / "zeroshot_classification_templates.txt").write_text(
                "a photo of a {c}.\na {c}, a flower.\n"
            )
        return root

    return write


def test_retrieval_has_captions_and_no_classes(benchmark):
    pairs = open_pairs(benchmark("retrieval"))
    assert [p.id for p in pairs] == ["s0000000", "s0000001", "s0000002", "s0000003"]
    assert pairs.find("s0000002").captions == ("one s0000002", "two")
    assert pairs.classification is None


def test_classification_has_names_templates_and_a_label_each(benchmark):
    root = benchmark("classification")
    pairs = open_pairs(root)
    assert pairs.classification == Classification(
        classnames=("pink primrose", "balloon flower"), templates=("a photo of a {c}.", "a {c}, a flower.")
    )
    assert [(p.metadata["label"], p.captions) for p in pairs] == [
        (0, ("pink primrose",)),
        (1, ("balloon flower",)),
    ] * 2
    same = open_pairs(root / "test")
    assert (same.classification, same.fingerprint) == (pairs.classification, pairs.fingerprint)


def test_a_label_without_a_name_is_skipped(benchmark):
    root = benchmark("classification")
    (root / "classnames.txt").write_text("only one\n")
    pairs = open_pairs(root)
    assert len(list(pairs)) == 2
    assert {s.reason for s in pairs.skipped} == {"its class 1 must be one of the 1 in classnames.txt"}


def test_test_is_opened_among_splits_and_others_by_their_path(benchmark):
    root = benchmark("retrieval")
    benchmark("retrieval", "train")
    (root / "train" / "nshards.txt").write_text("1")
    assert (len(open_pairs(root)), len(open_pairs(root / "train"))) == (4, 2)
    (root / "test").rename(root / "val")
    with pytest.raises(DataError, match="the splits train, val: open one of them by its path"):
        open_pairs(root)


def test_a_shard_that_is_missing_is_listed(benchmark):
    root = benchmark("retrieval")
    (root / "test" / "1.tar").unlink()
    pairs = open_pairs(root)
    assert len(list(pairs)) == 2
    assert [s.item for s in pairs.skipped] == ["test/1.tar"]


@pytest.mark.parametrize("count", ["many", "0", "-1", "99999999999"])
def test_a_wild_number_of_shards_is_refused(benchmark, count):
    root = benchmark("retrieval")
    (root / "test" / "nshards.txt").write_text(count)
    with pytest.raises(DataError, match="must hold the number of shards"):
        open_pairs(root)


def test_the_format_can_be_named_and_then_says_what_is_missing(benchmark):
    root = benchmark("retrieval")
    with pytest.raises(DataError, match=r"must hold a CLIP_benchmark folder"):
        open_pairs(root.parent, "clip-benchmark")
    with pytest.raises(DataError, match="must be a folder with splits"):
        open_pairs(root / "test" / "0.tar", "clip-benchmark")
