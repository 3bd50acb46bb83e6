"""Files that are cut off, of another kind or larger than they say: refused in one sentence, or listed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from tests.sde_core.embedding_formats.real_set import WRITERS, real_set, vectors, zip_of


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
