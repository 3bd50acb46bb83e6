"""A file that the user named is used or refused, never dropped."""

import gzip
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

import sde_core as sde


@pytest.fixture
def pair(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("i", "t"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(5, 4)).astype(np.float32))
    return {"path": tmp_path / "i.npy", "text": tmp_path / "t.npy"}


WORDS = ("cat", "dog", "bird", "fish", "fox")


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("m.tsv", ""),
        ("m.csv", ""),
        ("m.tsv", "word\n"),
        ("m.tsv", "prompt\n"),
        ("m.csv", "word\n"),
        ("m.txt", ""),
    ],
)
def test_one_column_is_the_captions_with_or_without_a_name(pair, tmp_path, name, head):
    (tmp_path / name).write_text(head + "\n".join(WORDS) + "\n")
    assert sde.open_embeddings(**pair, captions=tmp_path / name).captions == WORDS


def test_several_columns_without_a_caption_are_refused_and_can_be_named(pair, tmp_path):
    (tmp_path / "m.tsv").write_text("word\tlabel\n" + "".join(f"{w}\t{i}\n" for i, w in enumerate(WORDS)))
    with pytest.raises(sde.DataError, match=r"must have a column of captions.*it has 'word', 'label'"):
        sde.open_embeddings(**pair, captions=tmp_path / "m.tsv")
    made = sde.open_embeddings(**pair, captions=tmp_path / "m.tsv", columns={"caption": "word"})
    assert made.captions == WORDS


def test_a_table_of_another_length_is_refused(pair, tmp_path):
    (tmp_path / "m.csv").write_text("style,views\n" + "flat,1\n" * 4)
    with pytest.raises(sde.DataError, match=r"m\.csv must have an id for each of 5 rows; it has 4 entries"):
        sde.open_embeddings(**pair, images=tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("style,views\n" + "flat,1\n" * 5)
    assert sde.open_embeddings(**pair, images=tmp_path / "m.csv").metadata["views"].tolist() == [1] * 5


def test_quotes_are_letters_in_tsv(pair, tmp_path):
    odd = ('5" disk', '"quoted" start', '"all"', "it's", 'a "b" c')
    (tmp_path / "m.tsv").write_text("caption\tlabel\n" + "".join(f"{w}\t1\n" for w in odd))
    assert sde.open_embeddings(**pair, captions=tmp_path / "m.tsv").captions == odd


def test_rows_that_a_quote_swallows_are_seen_by_the_count(pair, tmp_path):
    (tmp_path / "m.csv").write_text('caption\n"cat\ndog"\nbird\nfish\nfox\n')
    with pytest.raises(sde.DataError, match="must have a caption for each of 5 rows"):
        sde.open_embeddings(**pair, captions=tmp_path / "m.csv")


@pytest.mark.parametrize("suffix", ["NPY", "Npz", "PARQUET", "SafeTensors"])
def test_names_count_in_any_case(tmp_path, suffix):
    rows = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    path = tmp_path / f"image.{suffix}"
    if suffix == "NPY":
        with path.open("wb") as file:
            np.save(file, rows[0])
        with (tmp_path / f"text.{suffix}").open("wb") as file:
            np.save(file, rows[1])
    elif suffix == "Npz":
        with path.open("wb") as file:
            np.savez(file, image=rows[0], text=rows[1])
    elif suffix == "SafeTensors":
        save_file({"image": rows[0], "text": rows[1]}, path)
    else:
        table = {"image_embedding": list(rows[0]), "text_embedding": list(rows[1])}
        pq.write_table(pa.table(table), path)
    for place in (path, tmp_path):
        np.testing.assert_array_equal(sde.open_embeddings(place).vectors("image"), rows[0])


def test_an_export_of_embedding_atlas_opens_as_a_folder_and_its_zip_says_so(tmp_path):
    rows = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    table = pa.table({"caption": list("abcde"), "embedding": list(rows), "projection_x": rows[:, 0]})
    folder = tmp_path / "atlas"
    (folder / "data").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<html>")
    (folder / "data/metadata.json").write_text("{}")
    pq.write_table(table, folder / "data/dataset.parquet")
    made = sde.open_embeddings(folder)
    np.testing.assert_array_equal(made.vectors("text"), rows)
    assert made.captions == tuple("abcde")
    archive = shutil.make_archive(str(tmp_path / "export"), "zip", folder)
    with pytest.raises(sde.DataError, match="export of Embedding Atlas: unpack it, and open the folder"):
        sde.open_embeddings(archive)


def test_a_folder_with_an_encoder_is_told_from_vectors(tiny_encoder_folder, clip_folder):
    for folder, config in ((tiny_encoder_folder, "open_clip_config.json"), (clip_folder, "config.json")):
        with pytest.raises(sde.DataError, match=rf"is an encoder, by its {config}: name it as the encoder"):
            sde.open_embeddings(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", b"id;caption\n1;a,b\n2;c\n"),
        ("c.csv", b"id,caption,caption\n1,\"a,b\",x\n2,c,x\n"),
        ("c.csv", b"# by hand; or not\nsep=;\nid;caption\n1;a,b\n2;c\n"),
        ("c.csv", "caption\r\n\"a,b\"\r\nc\r\n".encode("utf-16")),
        ("c.csv.gz", gzip.compress(b'caption\n"a,b"\nc\n', mtime=0)),
        ("c.txt", b"a,b\r\nc\r\n"),
        ("c.ndjson", b'"a,b"\n"c"\n'),
    ],
)  # fmt: skip
def test_captions_in_any_way_of_writing_a_table(tmp_path, name, content):
    np.save(tmp_path / "image.npy", np.eye(2, 3))
    np.save(tmp_path / "text.npy", np.eye(2, 3))
    (tmp_path / name).write_bytes(content)
    made = sde.open_embeddings(tmp_path / "image.npy", text=tmp_path / "text.npy", captions=tmp_path / name)
    assert tuple(made.captions) == ("a,b", "c")


def test_a_caption_that_begins_with_a_hash_is_a_caption(tmp_path):
    np.save(tmp_path / "image.npy", np.eye(2, 3))
    np.save(tmp_path / "text.npy", np.eye(2, 3))
    (tmp_path / "c.csv").write_text("#1 fan\na dog\n")
    made = sde.open_embeddings(
        tmp_path / "image.npy", text=tmp_path / "text.npy", captions=tmp_path / "c.csv"
    )
    assert tuple(made.captions) == ("#1 fan", "a dog")
