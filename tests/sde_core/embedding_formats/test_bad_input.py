"""What is wrong with a file is said in one sentence; a broken row goes, the others stay and stay paired."""

import json

import numpy as np
import pytest

import sde_core as sde
from tests.sde_core.embedding_formats.real_set import vectors


@pytest.fixture
def pair(tmp_path):
    """Writes image.npy and text.npy and returns the folder."""

    def write(image, text):
        for name, array in (("image", image), ("text", text)):
            np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("image", "text", "match"),
    [
        (vectors(5), vectors(6), r"must have one row per pair; got 5 and 6 rows: give text_to_image, or ids"),
        (vectors(width=4), vectors(width=8), r"same width; got 4 and 8: were they made by the same encoder"),
        (np.array(1.0), vectors(), r"image\.npy must be a matrix \(rows, features\); got shape \(\)"),
        (vectors()[0], vectors(), r"got shape \(4,\)"),
        (vectors()[None], vectors(), r"got shape \(1, 6, 4\)"),
        (np.empty((0, 4), np.float32), vectors(), r"at least one row and one feature; got shape \(0, 4\)"),
        (np.empty((6, 0), np.float32), vectors(), r"got shape \(6, 0\)"),
        (
            np.arange(24).reshape(6, 4),
            vectors(),
            r"must hold floating-point numbers; got int64.*astype\('float32'\)",
        ),
        (np.ones((6, 4), bool), vectors(), "floating-point numbers; got bool"),
        (np.ones((6, 4), complex), vectors(), "floating-point numbers; got complex128"),
        (np.full((6, 4), "x"), vectors(), "floating-point numbers; got <U1"),
        (np.full((6, 4), None), vectors(), "holds Python objects, which are never unpickled"),
        (
            np.zeros((6, 4), np.float32),
            vectors(),
            r"at least one usable pair; 6 rows were left out; the first: row 0",
        ),
    ],
)
def test_arrays_that_are_no_vectors_are_refused(pair, image, text, match):
    with pytest.raises(sde.DataError, match=match):
        sde.open_embeddings(pair(image, text))


def test_broken_rows_are_left_out_and_the_rest_stays_paired(pair):
    image, text = vectors(7), vectors(7, seed=1)
    image[1, 2], image[4], text[5, 0] = np.nan, 0.0, np.inf
    made = sde.open_embeddings(pair(image, text))
    stay = [0, 2, 3, 6]
    np.testing.assert_array_equal(made.image, image[stay])
    np.testing.assert_array_equal(made.paired()[1], text[stay])
    assert made.image_ids == ("0", "2", "3", "6")
    assert [(s.item, s.reason) for s in made.skipped] == [
        ("row 1", "picture: its vector is not finite"),
        ("row 4", "picture: its vector is all zeros"),
        ("row 5", "caption: its vector is not finite"),
    ]


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_broken_rows_of_other_widths_of_number(pair, dtype):
    image = vectors(5).astype(dtype)
    image[3, 0] = -np.inf
    if dtype == np.float64:
        image[2, 1] = 1e300  # finite, but not in float32
    made = sde.open_embeddings(pair(image, vectors(5)))
    assert made.image_ids == (("0", "1", "4") if dtype == np.float64 else ("0", "1", "2", "4"))
    assert made.image.dtype == (np.float16 if dtype == np.float16 else np.float32)


def test_large_finite_rows_whose_sum_overflows_stay(pair):
    image = vectors(3)
    image[1] = 3e38
    assert sde.open_embeddings(pair(image, vectors(3))).n_images == 3


def test_with_an_index_a_caption_goes_with_its_last_picture(pair):
    image, text = vectors(3), vectors(5, seed=1)
    image[1], text[4] = np.nan, 0
    links = np.array([[0, 0], [1, 1], [2, 1], [2, 2], [3, 2], [4, 0]])
    made = sde.open_embeddings(pair(image, text), text_to_image=links)
    assert made.image_ids == ("0", "2")
    assert made.links.tolist() == [[0, 0], [1, 1], [2, 1]]
    np.testing.assert_array_equal(made.text, text[[0, 2, 3]])
    assert [(s.item, s.reason) for s in made.skipped] == [
        ("picture 1", "its vector is not finite"),
        ("caption 1", "its picture was left out"),
        ("caption 4", "its vector is all zeros"),
    ]


def test_ids_that_come_again(pair):
    image, text = vectors(5), vectors(5, seed=1)
    image[3] = image[0]
    ids, captions = ["a", "b", "b", "a", ""], ["one", "two", "three", "four", "five"]
    made = sde.open_embeddings(pair(image, text), images=ids, captions=captions)
    assert made.image_ids == ("a", "b")
    assert made.captions_of(0) == ("one", "four")  # the same vector: one picture with two captions
    assert [(s.item, s.reason) for s in made.skipped] == [
        ("b", "picture: its id was there before, with another vector"),
        ("row 4", "picture: it has no id"),
    ]


def test_captions_without_a_picture_are_listed(tmp_path):
    image, text = vectors(2), vectors(4, seed=1)
    np.savez(tmp_path / "x.npz", image=image, text=text, ids=["a", "b"], text_ids=["b", "z", "a", "b"])
    made = sde.open_embeddings(tmp_path / "x.npz")
    assert made.links.tolist() == [[1, 0], [0, 1], [2, 1]]
    assert [(s.item, s.reason) for s in made.skipped] == [("caption 1", "no picture has its id 'z'")]
    np.savez(tmp_path / "x.npz", image=image, text=text, ids=["a", "b"], text_ids=["1", "2", "3", "4"])
    with pytest.raises(sde.DataError, match=r"'1' is none, the pictures have such as 'a'"):
        sde.open_embeddings(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"text_to_image": [0, 1, 9, 0, 0, 0]}, r"image rows in \[0, 6\); got 9 at entry 2"),
        ({"text_to_image": [0.5] * 6}, "must hold whole numbers; got float64"),
        ({"text_to_image": [[0], [1, 2]]}, "rows of one length"),
        ({"text_to_image": [0, 1]}, r"must have shape \(6,\) or \(n_links, 2\).*; got \(2,\)"),
        ({"images": ["a"] * 5}, "must have an id for each of 6 rows; it has 5 entries"),
        ({"captions": ["a"] * 7}, "must have a caption for each of 6 rows; it has 7 entries"),
        ({"captions": "nowhere.txt"}, "captions must be a file or a list; there is no file nowhere.txt"),
        ({"columns": {"caption": "words"}}, "no 'words' for caption among none"),
        ({"text": "nowhere.npy"}, "there is no nowhere.npy"),
        ({"pairs": "nowhere"}, "there is no nowhere"),
    ],
)
def test_what_lies_beside_must_fit(pair, options, match):
    with pytest.raises(sde.DataError, match=match):
        sde.open_embeddings(pair(vectors(), vectors(seed=1)), **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"columns": {"picture": "x"}}, "roles out of image, text, image_id.*; got 'picture'"),
        ({"format": "hdf5"}, "format must be one of set, npy, npz.*; got 'hdf5'"),
    ],
)
def test_options_that_there_are_not(pair, options, match):
    with pytest.raises(sde.ConfigError, match=match):
        sde.open_embeddings(pair(vectors(), vectors()), **options)
    with pytest.raises(sde.ConfigError, match=match):
        sde.describe_embeddings(pair(vectors(), vectors()), **options)


def test_a_saved_set_takes_no_other_captions():
    with pytest.raises(sde.ConfigError, match="is an embedding set, which has its captions"):
        sde.open_embeddings("emoji", captions=["x"])


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("x.csv", b"", "must have a line with the names of its columns; it is empty"),
        ("x.csv", b"id,a\n1,2\n1\n", "must have 2 fields in row 3; got 1"),
        ("x.csv", "id\né\n".encode("latin-1"), "must be UTF-8; .* at byte 3"),
        ("x.jsonl", b'{"id": 1}\n{', "cannot be read as JSONL"),
        ("x.json", b"[" * 100_000, "cannot be read as JSON"),
        ("x.json", b"{}", "must hold a list; got dict"),
        ("x.xml", b"<a/>", "must end with one of .parquet"),
        ("x.parquet", b"PAR1", "must be a parquet file; it is damaged or cut off"),
    ],
)
def test_tables_that_cannot_be_read(pair, name, content, match):
    folder = pair(vectors(), vectors(seed=1))
    (folder / name).write_bytes(content)
    with pytest.raises(sde.DataError, match=match):
        sde.open_embeddings(folder, images=folder / name)


def test_a_caption_of_a_megabyte_and_metadata_that_is_too_long(pair, tmp_path):
    folder = pair(vectors(), vectors(seed=1))
    long = "a" * 2**20
    records = [
        {"id": f"p{i}", "caption": long + str(i), "note": long, "n": i if i else None} for i in range(6)
    ]
    (folder / "x.jsonl").write_text("\n".join(map(json.dumps, records)))
    made = sde.open_embeddings(folder, images=folder / "x.jsonl")
    assert made.captions[2] == long + "2"
    assert set(made.metadata) == {"n"}
    assert made.skipped[0].item == "column note"
    assert "1,048,576 characters" in made.skipped[0].reason


@pytest.mark.parametrize("format", [None, "npy"])
def test_a_link_out_of_the_folder_is_refused(pair, tmp_path_factory, format):
    folder = pair(vectors(), vectors(seed=1))
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "text.npy"
    (folder / "text.npy").replace(elsewhere)
    (folder / "text.npy").symlink_to(elsewhere)
    with pytest.raises(
        sde.DataError, match=r"text\.npy is a link that leads out of .*: put the file itself there"
    ):
        sde.open_embeddings(folder, format=format)
    (folder / "text.npy").unlink()
    elsewhere.replace(folder / "words")
    (folder / "text.npy").symlink_to(folder / "words")
    assert sde.open_embeddings(folder, format=format).n_texts == 6
