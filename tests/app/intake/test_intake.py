"""Uploads, the first look, and the list of what was opened: files on disk, no page."""

import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import DataError, SDEError
from sde_explorer.intake import (
    PairsFound,
    Recent,
    Upload,
    VectorRequest,
    VectorsFound,
    describe,
    forget,
    format_choices,
    look,
    named_format,
    named_root,
    open_vectors,
    put_away,
    read_recent,
    remember,
)
from sde_explorer.intake.recent import FILE, MOST
from sde_explorer.intake.thumbnail import PIXELS, thumbnail_of
from sde_explorer.intake.uploads import Limits, safe_file_name
from tests.fixtures import picture_bytes

# --- uploads ---------------------------------------------------------------------------------------------


def _upload(name: str, content: bytes, size: int | None = None) -> Upload:
    return Upload(name, len(content) if size is None else size, io.BytesIO(content))


def test_one_file_lies_under_its_name_and_several_in_a_folder(tmp_path):
    one = put_away([_upload("my pairs.zip", b"PK")], tmp_path)
    assert one.name == "my-pairs.zip"
    assert one.read_bytes() == b"PK"
    folder = put_away([_upload("image.npy", b"1"), _upload("text.npy", b"2")], tmp_path)
    assert folder.name == "image-text"
    assert sorted(p.name for p in folder.iterdir()) == ["image.npy", "text.npy"]
    assert put_away([_upload("my pairs.zip", b"PK")], tmp_path) == one  # the same upload lies there once
    assert put_away([_upload("my pairs.zip", b"PK2")], tmp_path) != one
    assert len(list((tmp_path / "uploads").iterdir())) == 3


@given(st.text())
def test_no_name_leads_out_of_the_folder(name):
    safe = safe_file_name(name)
    assert safe
    assert len(safe) <= 120
    assert not safe.startswith((".", "-"))
    assert not set(safe) & set("/\\\0:")
    assert Path("/place") / safe != Path("/place")


@pytest.mark.parametrize(
    ("uploads", "message"),
    [
        ([], "at least one file"),
        ([("a.npy", b"12345678901", 11)], "at most 0 MiB together"),
        ([("a.npy", b"12345678901", 2)], "at most 0 MiB together"),  # more comes than was declared
        ([("a.npy", b"1", 1), ("../a.npy", b"2", 1)], "'a.npy' comes twice"),
        ([(f"{i}.npy", b"1", 1) for i in range(4)], "at most 3 files"),
    ],
    ids=["none", "declared size", "real size", "one name twice", "too many"],
)
def test_too_much_or_too_little_is_refused_and_leaves_nothing(tmp_path, uploads, message):
    limits = Limits(total_bytes=10, files=3, spare_bytes=0)
    with pytest.raises(DataError, match=message):
        put_away([_upload(*upload) for upload in uploads], tmp_path, limits=limits)
    assert list(tmp_path.rglob("*.npy")) == []
    assert list((tmp_path / "uploads").glob(".*")) == [] if (tmp_path / "uploads").exists() else True


def test_a_full_disk_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="MiB free on the disk"):
        put_away([_upload("a.npy", b"1")], tmp_path, limits=Limits(spare_bytes=1 << 60))
    assert list((tmp_path / "uploads").iterdir()) == []


# --- the first look --------------------------------------------------------------------------------------


def test_pairs_are_shown_before_they_are_encoded(write_shard, good_members):
    broken = [
        ("0004.webp", b"no picture"),
        ("0004.txt", b"broken"),
        ("0005.webp", picture_bytes()),
        ("0005.txt", b" "),
    ]
    shard = str(write_shard([m for m in good_members if not m[0].startswith("0004")] + broken))
    found = look(shard)
    assert isinstance(found, PairsFound)
    assert (found.kind, found.format, found.count) == ("webdataset", "", 5)
    assert [pair.captions[0] for pair in found.shown][:2] == ["a red square", "a green square"]
    assert found.shown[0].picture is not None
    assert found.shown[0].picture.startswith(b"RIFF")
    assert found.shown[4].picture is None
    assert found.shown[4].problem
    assert [s.item for s in found.skipped] == ["0005"]
    assert look(shard, "pairs: webdataset") == PairsFound(
        **{name: getattr(found, name) for name in found.__slots__} | {"format": "webdataset"}
    )


def test_large_pictures_become_small_ones():
    assert len(thumbnail_of(picture_bytes("blue", (3000, 2000), "PNG"))) < 2000
    from sde_core.pairs import decode_image

    assert max(decode_image(thumbnail_of(picture_bytes("blue", (3000, 20), "PNG"))).size) == PIXELS
    with pytest.raises(DataError):
        thumbnail_of(b"no picture")


def _vectors(folder: Path, n_texts: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(n, 6)).astype(np.float32) for n in (30, n_texts))
    np.save(folder / "image.npy", x)
    np.save(folder / "text.npy", y)
    return x, y


def test_vectors_are_known_by_their_headers(tmp_path):
    x, y = _vectors(tmp_path)
    np.savez(tmp_path / "both.npz", image=x, text=y)
    for source in (tmp_path, tmp_path / "both.npz"):
        found = look(str(source))
        assert isinstance(found, VectorsFound)
        assert found.facts is not None
        assert (found.facts.n_images, found.facts.width, found.facts.pairing) == (30, 6, "row")
        assert "pictures" in found.facts.missing
    lone = look(str(tmp_path / "image.npy"))
    assert isinstance(lone, VectorsFound)
    assert lone.facts is not None
    assert (lone.facts.n_images, lone.facts.n_texts) == (30, 0)  # images alone are a set
    request = VectorRequest(source=lone.source, text=str(tmp_path / "text.npy"))
    assert describe(request).n_texts == 30
    np.testing.assert_array_equal(open_vectors(request).text, y)


def test_pairing_is_the_one_that_was_asked_for(tmp_path):
    x, y = _vectors(tmp_path, n_texts=60)
    source = str(tmp_path)
    with pytest.raises(DataError, match="as many captions as pictures; got 60 and 30"):
        describe(VectorRequest(source=source, pairing="by row"))
    with pytest.raises(DataError, match="needs ids"):
        describe(VectorRequest(source=source, pairing="by id"))
    with pytest.raises(DataError, match="needs the file of the index"):
        describe(VectorRequest(source=source, pairing="by index"))
    np.save(tmp_path / "wanted.npy", np.arange(60) // 2)
    folder = tmp_path / "inner"
    folder.mkdir()
    np.save(folder / "image.npy", x)
    np.save(folder / "text.npy", y)
    index = VectorRequest(source=str(folder), pairing="by index", index=str(tmp_path / "wanted.npy"))
    assert describe(index).pairing == "index"
    assert open_vectors(index).primary_text.tolist() == list(range(0, 60, 2))
    (folder / "ids.txt").write_text("\n".join(f"p{i}" for i in range(30)))
    captions = tmp_path / "words.csv"
    captions.write_text("caption,image_id\n" + "\n".join(f"word {i},p{29 - i // 2}" for i in range(60)))
    by_id = VectorRequest(source=str(folder), pairing="by id", captions=str(captions))
    assert describe(by_id).pairing == "id"
    assert open_vectors(by_id).primary_text.tolist() == list(range(58, -1, -2))


def test_rows_can_be_paired_although_there_is_an_index(tmp_path):
    x, y = _vectors(tmp_path)
    np.savez(tmp_path / "index.npz", image=x, text=y, text_to_image=np.arange(30)[::-1])
    source = str(tmp_path / "index.npz")
    assert open_vectors(VectorRequest(source=source)).primary_text[0] == 29
    assert open_vectors(VectorRequest(source=source, pairing="by row")).primary_text[0] == 0


@pytest.mark.parametrize("format", format_choices())
@pytest.mark.parametrize("source", ["", "/no/such/place", "{junk}", "{empty}"])
def test_bad_sources_are_one_sentence_in_every_format(tmp_path, source, format):
    junk, empty = tmp_path / "junk.bin", tmp_path / "empty"
    junk.write_bytes(b"junk" * 10)
    empty.mkdir()
    source = source.format(junk=junk, empty=empty)
    found: object = None
    try:
        found = look(source, format)
    except SDEError as error:
        found = error
    # Vectors that cannot be made sense of yet are no error: what is wrong stands beside the form.
    sentence = found.problem if isinstance(found, VectorsFound) else str(found)
    assert isinstance(found, SDEError | VectorsFound)
    assert sentence
    assert "\n" not in sentence


# --- what was opened lately ------------------------------------------------------------------------------


def _entry(name: str, **more: object) -> Recent:
    return Recent(data=name, encoder="bundled", folder=f"/sets/{name}", n_images=3, **more)


def test_the_newest_comes_first_and_once(tmp_path):
    for name in ("a", "b", "a", "a"):
        remember(tmp_path, _entry(name))
    assert [entry.data for entry in read_recent(tmp_path)] == ["a", "b"]
    assert all(entry.opened > 0 for entry in read_recent(tmp_path))
    assert not read_recent(tmp_path)[0].is_there
    forget(tmp_path, ("a", "bundled"))
    assert [entry.data for entry in read_recent(tmp_path)] == ["b"]
    forget(tmp_path, ("never", "was"))


def test_where_a_set_came_from_is_kept_when_it_is_opened_again(tmp_path):
    remember(tmp_path, _entry("a", source="/files/a", format="table", root="/pictures"))
    remember(tmp_path, _entry("b"))
    remember(tmp_path, _entry("a"))
    assert read_recent(tmp_path)[0].source == "/files/a"
    assert read_recent(tmp_path)[0].format == "table"
    assert named_format(tmp_path, "/files/a") == "table"
    assert named_format(tmp_path, "/files/b") == ""
    assert (named_root(tmp_path, "/files/a"), named_root(tmp_path, "/files/b")) == ("/pictures", "")


def test_the_list_is_short_and_many_threads_do_not_break_it(tmp_path):
    def many(start: int) -> None:
        for i in range(start, start + 20):
            remember(tmp_path, _entry(f"set {i}"))

    threads = [threading.Thread(target=many, args=(100 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_recent(tmp_path)) == MOST
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "content", ["", "{", "7", "[7, null]", '[{"data": "a"}]', '[{"data": 1, "opened": "x"}]', "\x00"]
)
def test_a_damaged_list_is_an_empty_one_and_is_mended(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    assert read_recent(tmp_path) == ()
    remember(tmp_path, _entry("a"))
    assert [entry.data for entry in read_recent(tmp_path)] == ["a"]
    json.loads((tmp_path / FILE).read_text())
