import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import DataError, EmbeddingSet, concatenate
from sde_core.embedding_formats import open_embeddings
from sde_core.embedding_store import MANIFEST
from sde_core.pairs import Skipped


def _set(n_images: int = 4, seed: int = 0, prefix: str = "i") -> EmbeddingSet:
    """Pictures 0 and 1 share caption "shared"; picture 2 has two captions."""
    rng = np.random.default_rng(seed)
    links = [(0, 0), (0, 1), (1, 2), (2, 2)] + [(3 + i - 3, i) for i in range(3, n_images)]
    n_texts = max(t for t, _ in links) + 1
    made = EmbeddingSet.from_arrays(
        rng.normal(size=(n_images, 3)).astype(np.float32),
        rng.normal(size=(n_texts, 3)).astype(np.float32),
        np.array(links),
        image_ids=[f"{prefix}{i}" for i in range(n_images)],
        captions=["shared", *(f"{prefix} caption {t}" for t in range(1, n_texts))],
        name="toy",
    )
    columns = {"split": np.array(["train", "test"] * n_images)[:n_images], "number": np.arange(n_images)}
    return EmbeddingSet(
        **{f: getattr(made, f) for f in ("image", "text", "links", "image_ids", "captions", "name")},
        metadata=columns,
        skipped=(Skipped("x", "no picture"),),
    )


def test_rows_pair_by_default():
    x = np.eye(3, dtype=np.float32)
    made = EmbeddingSet.from_arrays(x, 2 * x)
    assert made.links.tolist() == [[0, 0], [1, 1], [2, 2]]
    image, text = made.paired()
    np.testing.assert_array_equal(2 * image, text)


def test_text_to_image_may_be_an_index_or_links():
    x = np.ones((2, 3), np.float32)
    index = EmbeddingSet.from_arrays(x, np.ones((3, 3), np.float32), [1, 0, 1])
    links = EmbeddingSet.from_arrays(x, np.ones((3, 3), np.float32), [[0, 1], [1, 0], [2, 1]])
    assert index.links.tolist() == links.links.tolist() == [[1, 0], [0, 1], [2, 1]]
    assert index.primary_text.tolist() == [1, 0]


def test_captions_and_pairs_follow_the_links():
    made = _set()
    assert made.captions_of(2) == ("i caption 1", "i caption 2")
    assert made.primary_text.tolist() == [0, 0, 1, 3]
    primary = made.with_primary_captions()
    assert primary.captions == ("shared", "i caption 1", "i caption 3")
    np.testing.assert_array_equal(primary.paired()[1], made.paired()[1])


def test_select_keeps_pictures_captions_and_metadata_together():
    made = _set(6)
    part = made.select([5, 2, 0])
    assert part.image_ids == ("i5", "i2", "i0")
    assert [part.captions_of(i) for i in range(3)] == [made.captions_of(i) for i in (5, 2, 0)]
    assert part.metadata["number"].tolist() == [5, 2, 0]
    np.testing.assert_array_equal(part.paired()[1], made.paired()[1][[5, 2, 0]])
    assert made.select(made.metadata["split"] == "train").n_images == 3


def test_concatenate_merges_equal_captions_and_keeps_every_link():
    a, b = _set(4, prefix="a"), _set(5, seed=1, prefix="b")
    both = concatenate([a, b])
    assert both.n_images == 9
    assert both.captions.count("shared") == 1
    assert both.n_texts == a.n_texts + b.n_texts - 1
    assert [both.captions_of(4 + i) for i in range(5)] == [b.captions_of(i) for i in range(5)]
    assert both.skipped == a.skipped + b.skipped


def test_concatenate_does_not_merge_texts_without_words():
    x = np.eye(3, dtype=np.float32)
    a = EmbeddingSet.from_arrays(x, x, image_ids=["a", "b", "c"])
    b = EmbeddingSet.from_arrays(x, x, image_ids=["d", "e", "f"])
    assert concatenate([a, b]).n_texts == 6
    assert concatenate([a, b]).links[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_saved_and_loaded_is_the_same_set(tmp_path):
    made = _set(6)
    loaded = EmbeddingSet.load(made.save(tmp_path / "set"))
    assert loaded.fingerprint == made.fingerprint
    assert isinstance(loaded.image, np.memmap)
    for name in ("image", "text", "links"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(made, name))
    for name in ("image_ids", "captions", "provenance", "skipped", "name"):
        assert getattr(loaded, name) == getattr(made, name)
    assert {k: v.tolist() for k, v in loaded.metadata.items()} == {
        k: v.tolist() for k, v in made.metadata.items()
    }
    del loaded.__dict__["fingerprint"]  # the digest in the manifest is the digest of what was read
    assert loaded.fingerprint == made.fingerprint


def test_saving_again_replaces_the_set_and_leaves_nothing_beside_it(tmp_path):
    _set(4).save(tmp_path / "set")
    _set(6).save(tmp_path / "set")
    assert EmbeddingSet.load(tmp_path / "set").n_images == 6
    assert os.listdir(tmp_path) == ["set"]


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="holds something else"):
        _set().save(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_half_written_set_is_named(tmp_path):
    folder = _set().save(tmp_path / "set")
    with pytest.raises(DataError, match="there is no folder"):
        EmbeddingSet.load(tmp_path / "none")
    content = (folder / "text.npy").read_bytes()
    (folder / "text.npy").write_bytes(content[:-8])
    with pytest.raises(DataError, match=r"text\.npy has \d+ bytes instead of \d+"):
        EmbeddingSet.load(folder)
    (folder / "text.npy").unlink()
    with pytest.raises(DataError, match=r"text\.npy is missing"):
        EmbeddingSet.load(folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(DataError, match=r"manifest\.json is missing"):
        EmbeddingSet.load(folder)


def test_object_arrays_are_never_unpickled(tmp_path):
    folder = _set().save(tmp_path / "set")
    np.save(folder / "image.npy", np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["image.npy"] = (folder / "image.npy").stat().st_size
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="not a whole embedding set"):
        EmbeddingSet.load(folder)


def test_another_format_is_refused(tmp_path):
    folder = _set().save(tmp_path / "set")
    manifest = json.loads((folder / MANIFEST).read_text()) | {"format": 99}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="another version"):
        EmbeddingSet.load(folder)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones((2, 3)), np.ones((2, 4))), "same width"),
        ((np.ones((2, 3)), np.ones((3, 3))), "must be given when counts differ"),
        ((np.ones((2, 3)), np.ones((2, 3)), [0, 2]), "image rows from 0 to 1; got 0 to 2"),
        ((np.ones((2, 3)), np.ones((2, 3)), [0.0, 1.0]), "whole numbers"),
        ((np.ones((2, 3)), np.ones((2, 3)), [0, 1, 1]), r"shape \(2,\)"),
        ((np.array([[1.0, np.nan]]), np.ones((1, 2))), "row 0, column 1"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, match):
    with pytest.raises(DataError, match=match):
        EmbeddingSet.from_arrays(*arguments)
    with pytest.raises(DataError, match="unique"):
        EmbeddingSet.from_arrays(np.ones((2, 3)), np.ones((2, 3)), image_ids=["a", "a"])


@given(st.sampled_from(["image", "text", "links", "captions", "image_ids", "metadata"]))
def test_the_fingerprint_sees_every_part(part):
    made = _set(4)
    changed = {f: getattr(made, f) for f in ("image", "text", "links", "image_ids", "captions", "metadata")}
    if part in ("image", "text"):
        changed[part] = changed[part] + np.float32(1e-6)
    elif part == "links":
        changed[part] = changed[part][::-1]
    elif part == "metadata":
        changed[part] = {**changed[part], "split": changed[part]["split"][::-1]}
    else:
        changed[part] = (*changed[part][:-1], "other")
    assert EmbeddingSet(**changed).fingerprint != made.fingerprint
    assert EmbeddingSet(**{**changed, part: getattr(made, part)}, name="x").fingerprint == made.fingerprint


def test_open_embeddings_by_name_split_and_folder(tmp_path):
    folder = _set().save(tmp_path / "set")
    assert open_embeddings(folder).fingerprint == _set().fingerprint
    whole, test = open_embeddings("emoji"), open_embeddings("emoji/test")
    assert 0 < test.n_images < whole.n_images
    assert set(test.metadata["split"]) == {"test"}
    with pytest.raises(DataError, match="must be one of test, train, val; got 'tset'"):
        open_embeddings("emoji/tset")
