import json
import os
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import DataError, EmbeddingSet, concatenate
from sde_core.embedding_formats import open_embeddings
from sde_core.files import mapped, whole_folder
from sde_core.files.whole_folder import sampled_digest
from sde_core.pairs import Skipped
from sde_core.sets.store import MANIFEST


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


@pytest.mark.parametrize("is_large", [False, True])
def test_saved_and_loaded_is_the_same_set(tmp_path, monkeypatch, is_large):
    if is_large:
        monkeypatch.setattr(mapped, "READ_WHOLE_BYTES", 0)
    made = _set(6)
    loaded = EmbeddingSet.load(made.save(tmp_path / "set"))
    assert loaded.fingerprint == made.fingerprint
    assert isinstance(loaded.image, np.memmap) is is_large
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


def test_the_working_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="name one below"):
        _set().save(".")
    assert list(tmp_path.iterdir()) == []


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


def _rewritten(folder, **changes):
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def test_object_arrays_are_never_unpickled(tmp_path):
    folder = _set().save(tmp_path / "set")
    np.save(folder / "image.npy", np.array([{"a": 1}] * 4, dtype=object), allow_pickle=True)
    sizes = {p.name: p.stat().st_size for p in folder.iterdir()}
    _rewritten(folder, files=sizes, samples={})
    with pytest.raises(DataError, match="not a whole embedding set: Object arrays cannot be loaded"):
        EmbeddingSet.load(folder)


def test_an_altered_file_is_named(tmp_path):
    folder = _set().save(tmp_path / "set")
    content = bytearray((folder / "text.npy").read_bytes())
    content[-2] ^= 1
    (folder / "text.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"must hold what was written; text\.npy was changed since"):
        EmbeddingSet.load(folder)
    _rewritten(folder, samples={})  # as an older version wrote it: seen by hashing everything only
    assert EmbeddingSet.load(folder).n_images == 4
    with pytest.raises(DataError, match=r"its content has fingerprint \w{12} instead of \w{12}"):
        EmbeddingSet.load(folder, verify=True)


def test_verifying_a_whole_set_gives_it(tmp_path):
    made = _set()
    assert EmbeddingSet.load(made.save(tmp_path / "set"), verify=True).fingerprint == made.fingerprint


@pytest.mark.parametrize("at", [0, 0.31, 0.5, 0.999])
def test_samples_see_a_block_that_was_lost_anywhere(tmp_path, at):
    path = tmp_path / "large"
    content = bytearray(np.random.default_rng(0).bytes(3_000_000))
    path.write_bytes(content)
    before = sampled_digest(path)
    start = int(at * len(content))
    content[start : start + 65_536] = bytes(len(content[start : start + 65_536]))
    path.write_bytes(content)
    assert sampled_digest(path) != before


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"files": []}, "files cannot be read"),
        ({"fingerprint": 3, "name": None}, "fingerprint, name cannot be read"),
        ({"skipped": [1]}, "not a whole embedding set"),
    ],
)
def test_a_manifest_that_was_damaged(tmp_path, changes, match):
    folder = _set().save(tmp_path / "set")
    _rewritten(folder, **changes)
    with pytest.raises(DataError, match=match):
        EmbeddingSet.load(folder)
    (folder / MANIFEST).write_text("[")
    with pytest.raises(DataError, match="cannot be read"):
        EmbeddingSet.load(folder)


def test_links_of_rows_that_are_not_there_are_refused(tmp_path):
    made = _set()
    broken = EmbeddingSet(**{f.name: getattr(made, f.name) for f in fields(made)} | {"links": made.links + 9})
    folder = broken.save(tmp_path / "set")
    with pytest.raises(DataError, match=r"links of its texts and pictures; links\.npy has others"):
        EmbeddingSet.load(folder)


def test_a_later_version_may_say_more_of_where_vectors_come_from(tmp_path):
    folder = _set().save(tmp_path / "set")
    _rewritten(folder, provenance={"encoder": "x", "colour": "red"})
    assert EmbeddingSet.load(folder).provenance.encoder == "x"


def test_without_a_swap_in_one_step_the_folder_is_replaced_by_two_renames(tmp_path, monkeypatch):
    monkeypatch.setattr(whole_folder, "_swapped", lambda *_: False)
    _set(4).save(tmp_path / "set")
    _set(6).save(tmp_path / "set")
    assert EmbeddingSet.load(tmp_path / "set").n_images == 6
    assert os.listdir(tmp_path) == ["set"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".set.writing-old").mkdir()
    _set().save(tmp_path / "set")
    assert os.listdir(tmp_path) == ["set"]


def test_a_write_that_fails_leaves_the_old_set(tmp_path, monkeypatch):
    _set(4).save(tmp_path / "set")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_folder, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        _set(6).save(tmp_path / "set")
    assert EmbeddingSet.load(tmp_path / "set").n_images == 4
    assert os.listdir(tmp_path) == ["set"]


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
        ((np.ones((2, 3)), np.ones((2, 3)), [0, 2]), r"image rows in \[0, 2\); got 2 at entry 1"),
        ((np.ones((2, 3)), np.ones((2, 3)), [0.0, 1.0]), "row numbers"),
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


def test_pairs_in_place_are_not_copied():
    rng = np.random.default_rng(0)
    image, text = (rng.standard_normal((6, 3)).astype(np.float32) for _ in range(2))
    whole = EmbeddingSet.from_arrays(image, text)
    assert all(
        np.shares_memory(*sides) for sides in zip(whole.paired(), (whole.image, whole.text), strict=True)
    )
    turned = EmbeddingSet.from_arrays(image, text, np.array([1, 0, 2, 3, 4, 5]))
    np.testing.assert_array_equal(turned.paired()[1], text[[1, 0, 2, 3, 4, 5]])
    fewer = EmbeddingSet.from_arrays(image, text[:4], np.array([0, 1, 3, 5]))
    np.testing.assert_array_equal(fewer.paired()[0], image[[0, 1, 3, 5]])
    assert np.shares_memory(fewer.paired()[1], fewer.text)


def test_a_set_of_primary_captions_alone_is_not_copied():
    made = EmbeddingSet.from_arrays(np.eye(4), np.eye(4), captions=list("abcd"))
    primary = made.with_primary_captions()
    assert np.shares_memory(primary.text, made.text)
    np.testing.assert_array_equal(primary.links, made.links)
    assert primary.captions == made.captions
    assert _set().with_primary_captions().n_texts < _set().n_texts
