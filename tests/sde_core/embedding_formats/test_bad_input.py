"""What is wrong with a file is said in one sentence; a broken row goes, the others stay and stay paired."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from tests.sde_core.embedding_formats.real_set import WRITERS, real_set, zip_of


def vectors(rows: int = 6, width: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


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


def test_nothing_there_or_nothing_known(tmp_path):
    with pytest.raises(sde.DataError, match=r"there is no .*nowhere"):
        sde.open_embeddings(tmp_path / "nowhere")
    with pytest.raises(sde.DataError, match="it is empty"):
        sde.open_embeddings(tmp_path)
    (tmp_path / "x.doc").write_bytes(b"not vectors")
    with pytest.raises(sde.DataError, match="it has none of them"):
        sde.open_embeddings(tmp_path)
    with pytest.raises(sde.DataError, match="its first bytes are none of them"):
        sde.open_embeddings(tmp_path / "x.doc")
    (tmp_path / "x.pt").write_bytes(b"PK")
    with pytest.raises(sde.DataError, match="is a pickle, which is never unpickled"):
        sde.open_embeddings(tmp_path / "x.pt")
    with pytest.raises(sde.DataError, match="must be a folder to be of format clip-retrieval"):
        sde.open_embeddings(tmp_path / "x.doc", format="clip-retrieval")


@pytest.mark.parametrize("name", ["npy_pair", "npz", "compressed_npz", "safetensors", "parquet_lists"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.98])
def test_a_file_that_is_cut_off_is_refused(tmp_path, name, share):
    options = WRITERS[name](real_set(), tmp_path)
    content = options["path"].read_bytes()
    options["path"].write_bytes(content[: int(share * len(content))])
    with pytest.raises(sde.DataError, match=options["path"].name):
        sde.open_embeddings(**options)


def test_objects_beside_good_vectors_are_listed_and_not_unpickled(tmp_path):
    arrays = {"image": vectors(), "text": vectors(seed=1), "captions": np.array(["a"] * 6, dtype=object)}
    made = sde.open_embeddings(zip_of(arrays, tmp_path / "x.npz"))
    assert made.n_images == 6
    assert "captions" in made.missing
    assert [(s.item.endswith("captions"), "never unpickled" in s.reason) for s in made.skipped] == [
        (True, True)
    ]
    objects = zip_of({"image": vectors().astype(object), "text": vectors()}, tmp_path / "y.npz")
    with pytest.raises(sde.DataError, match=r"y\.npz, image holds Python objects, which are never unpickled"):
        sde.open_embeddings(objects)


def test_arrays_whose_part_is_not_clear_are_listed(tmp_path):
    np.savez(tmp_path / "x.npz", a=vectors(), b=vectors(seed=1))
    with pytest.raises(
        sde.DataError, match=r"""named such as "image"; it has 'a', 'b': say which, columns="""
    ):
        sde.open_embeddings(tmp_path / "x.npz")
    made = sde.open_embeddings(tmp_path / "x.npz", columns={"image": "b", "text": "a"})
    np.testing.assert_array_equal(made.image, vectors(seed=1))
    with pytest.raises(sde.DataError, match="must hold vectors named 'c'; it has 'a', 'b'"):
        sde.open_embeddings(tmp_path / "x.npz", columns={"image": "c", "text": "a"})
    np.save(tmp_path / "one.npy", vectors())
    one = sde.open_embeddings(tmp_path / "one.npy")
    assert one.modalities == ("image",)
    assert "read as image vectors" in one.remarks[0]


def test_lists_in_parquet_of_another_length(tmp_path):
    rows = [v.tolist() for v in vectors()]
    table = {"image": [rows[0], rows[1][:3], None, rows[3], [*rows[4][:3], None], rows[5]], "text": rows}
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    made = sde.open_embeddings(tmp_path / "x.parquet")
    np.testing.assert_array_equal(made.image, vectors()[[0, 3, 5]])
    assert [(s.item, s.reason) for s in made.skipped] == [
        ("row 1", "picture: it has 3 numbers instead of 4 numbers"),
        ("row 2", "picture: it has no vector instead of 4 numbers"),
        ("row 4", "picture: its vector is not finite"),
    ]


def test_a_missing_list_of_fixed_size(tmp_path):
    rows = [v.tolist() for v in vectors()]
    fixed = pa.array([rows[0], None, *rows[2:]], pa.list_(pa.float32(), 4))
    pq.write_table(pa.table({"image": fixed, "text": rows}), tmp_path / "x.parquet")
    made = sde.open_embeddings(tmp_path / "x.parquet")
    np.testing.assert_array_equal(made.image, vectors()[[0, 2, 3, 4, 5]])


def test_parts_that_do_not_fit_each_other(tmp_path):
    WRITERS["clip_retrieval"](real_set(), tmp_path)
    np.save(tmp_path / "text_emb" / "text_emb_10.npy", vectors(3, 192))
    with pytest.raises(sde.DataError, match="the parts of number 10 must have as many rows"):
        sde.open_embeddings(tmp_path)
    (tmp_path / "text_emb" / "text_emb_10.npy").unlink()
    with pytest.raises(sde.DataError, match="in img_emb, text_emb and metadata; text_emb differs in '10'"):
        sde.open_embeddings(tmp_path)
    for path in (tmp_path / "text_emb").iterdir():
        path.unlink()
    with pytest.raises(sde.DataError, match=r"must hold parts such as text_emb_0\.npy; it has none"):
        sde.open_embeddings(tmp_path)
    (tmp_path / "text_emb").rmdir()
    assert sde.open_embeddings(tmp_path).modalities == ("image",)


def test_parts_of_another_width(tmp_path):
    (tmp_path / "a").mkdir()
    np.save(tmp_path / "a" / "p_0.npy", vectors())
    np.save(tmp_path / "a" / "p_1.npy", vectors(width=5))
    with pytest.raises(sde.DataError, match=r"p_1\.npy must have the width of .*p_0\.npy; got 5 and 4"):
        sde.open_embeddings(tmp_path / "a", text=tmp_path / "a" / "p_0.npy")


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


def test_text_in_parquet_that_is_not_utf8_costs_its_row_only(tmp_path):
    wild = pa.array([b"ok", b"\xff\xfe", b"fine", b"x", b"y", b"z"]).view(pa.string())
    rows = [v.tolist() for v in vectors()]
    pq.write_table(
        pa.table({"image": rows, "text": rows, "caption": wild, "note": wild}), tmp_path / "x.parquet"
    )
    made = sde.open_embeddings(tmp_path / "x.parquet")
    assert made.captions == ("ok", "fine", "x", "y", "z")
    assert [s.item for s in made.skipped] == ["row 1", "column note"]
    assert "UTF-8" in made.skipped[0].reason


def test_safetensors_of_dtypes_that_are_no_vectors(tmp_path):
    save_file(
        {"image": torch.ones(3, 4, dtype=torch.int8), "text": torch.ones(3, 4)}, tmp_path / "x.safetensors"
    )
    with pytest.raises(sde.DataError, match="got int8: if these are quantised vectors"):
        sde.open_embeddings(tmp_path / "x.safetensors")
    save_file(
        {"image": torch.ones(3, 4).to(torch.float8_e4m3fn), "text": torch.ones(3, 4)},
        tmp_path / "y.safetensors",
    )
    with pytest.raises(
        sde.DataError, match=r"must be float16, bfloat16, float32 or float64; got torch\.float8"
    ):
        sde.open_embeddings(tmp_path / "y.safetensors")


def test_a_copy_that_finds_no_room_is_refused(tmp_path, monkeypatch):
    from sde_core.embedding_formats import gather

    monkeypatch.setattr(gather, "IN_MEMORY_BYTES", 1)
    monkeypatch.setattr(gather.shutil, "disk_usage", lambda _: gather.shutil._ntuple_diskusage(10, 10, 0))
    np.savez_compressed(tmp_path / "x.npz", image=vectors(), text=vectors())
    with pytest.raises(sde.DataError, match="free: set TMPDIR to a larger disk"):
        sde.open_embeddings(tmp_path / "x.npz")


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "bomb.npz", image=np.zeros((400_000, 64), np.float32), text=vectors())
    with pytest.raises(
        sde.DataError, match=r"bytes unpacked from [\d,]+, more than a hundredfold: refused as a bomb"
    ):
        sde.open_embeddings(tmp_path / "bomb.npz")


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


def test_a_column_of_numbers_that_are_no_characters_is_left_out_and_listed(tmp_path):
    words = np.array(["good"] * 6)
    words.view(np.uint32)[0] = 0x110000  # one past the last character
    np.savez(
        tmp_path / "set.npz", image=vectors(), text=vectors(seed=1), kind=words, split=np.array(["a"] * 6)
    )
    opened = sde.open_embeddings(tmp_path / "set.npz")
    assert list(opened.metadata) == ["split"]
    assert [(one.item, one.reason) for one in opened.skipped] == [
        ("column kind", "its text holds numbers that are no characters")
    ]
