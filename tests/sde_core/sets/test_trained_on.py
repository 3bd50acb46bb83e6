"""An encoder that was trained on what it is evaluated on is told of by its record; else, that there is none."""

from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.sets.trained_on import (
    RECORD,
    records_of,
    unknown_trainings,
    unseen_split,
    with_training,
    write_record,
)

SEEN = "Its encoder was trained on "


@pytest.fixture
def vectors():
    rng = np.random.default_rng(0)
    made = sde.EmbeddingSet.from_arrays(
        rng.normal(size=(6, 4)), rng.normal(size=(6, 4)), captions=list("abcdef")
    )
    return replace(made, provenance=replace(made.provenance, pairs="mine"))


def _by(vectors, folder):
    return replace(vectors, provenance=replace(vectors.provenance, encoder=str(folder)))


def test_the_record_tells_which_pictures_were_trained_on(vectors, tmp_path):
    write_record(tmp_path, vectors, np.array([0, 2, 3]), "")
    made = _by(vectors, tmp_path)
    assert f"{SEEN}3 of its 6 pictures" in with_training(made).remarks[0]
    assert with_training(with_training(made)) is not made
    assert len(with_training(with_training(made)).remarks) == 1
    assert not with_training(made.select(np.array([1, 4, 5]))).remarks
    assert f"{SEEN}1 of its 2 pictures" in with_training(made.select(np.array([3, 4]))).remarks[0]
    others = replace(made, captions=tuple("uvwxyz"))
    assert not with_training(others).remarks  # equal ids, other captions: other pairs


def test_what_an_encoder_was_trained_on_before_is_kept(vectors, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    write_record(first, vectors, np.array([0]), "")
    write_record(second, vectors, np.array([5]), str(first))
    assert [len(each.keys) for each in records_of(str(second))] == [1, 1]
    assert f"{SEEN}2 of its 6 pictures" in with_training(_by(vectors, second)).remarks[0]


@pytest.mark.parametrize(
    "content", ["", "[", "[1]", '[{"pairs": "a", "keys": "!"}]', '[{"keys": "AAAA"}]', "{}"]
)
def test_a_damaged_record_is_no_record(vectors, tmp_path, content):
    (tmp_path / RECORD).write_text(content)
    assert not with_training(_by(vectors, tmp_path)).remarks
    assert "Nothing here says" in unknown_trainings([_by(vectors, tmp_path)], ())[0]


def test_nothing_is_said_of_bundled_and_unnamed_encoders(vectors):
    assert not unknown_trainings([_by(vectors, "bundled"), vectors], ("bundled",))


def test_the_bundled_sets_are_held_out_by_their_test_split():
    for name in ("emoji", "clipart"):
        assert unseen_split(open_named(name)) == "test"
        assert unseen_split(_by(open_named(name), "ViT-B-32/openai")) == ""  # nobody knows


@pytest.mark.parametrize(
    ("splits", "seen", "kept"),
    [
        (["train", "train", "val", "val", "val", "test"], [0, 1], "test"),
        (["train", "train", "val", "val", "Test", "Test"], [0, 1], "Test"),
        (["train", "train", "a", "b", "b", ""], [0], "b"),
        (["train", "train", "test", "test", "val", "val"], [0, 2], "val"),
        (["train", "test"] * 3, [0, 1], ""),
        (["train", "test"] * 3, [], ""),
    ],
)
def test_by_its_record_a_set_is_held_out_by_the_split_that_nothing_was_trained_on(
    vectors, tmp_path, splits, seen, kept
):
    made = replace(_by(vectors, tmp_path), metadata={"split": np.array(splits)})
    write_record(tmp_path, made, np.array(seen, dtype=np.int64), "")
    assert unseen_split(made) == kept


def test_without_a_record_or_a_split_nothing_is_held_out(vectors, tmp_path):
    assert unseen_split(replace(vectors, metadata={"split": np.array(["train", "test"] * 3)})) == ""
    write_record(tmp_path, vectors, np.array([0]), "")
    assert unseen_split(_by(vectors, tmp_path)) == ""
