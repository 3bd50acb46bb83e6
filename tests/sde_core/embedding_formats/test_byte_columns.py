"""Vectors as bytes in parquet: read where their kind shows, refused where it does not; pictures stay pictures."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import sde_core as sde
from tests.fixtures import picture_bytes

ROWS = np.random.default_rng(0).normal(size=(2, 9, 16)).astype(np.float32) / 4


def npy(row):
    out = io.BytesIO()
    np.save(out, row)
    return out.getvalue()


def bfloat16(row):
    return torch.tensor(row).bfloat16().view(torch.uint16).numpy().tobytes()


def write(path, cells, kind=None, **more):
    image, text = ([cells(row) for row in rows] for rows in ROWS)
    pq.write_table(
        pa.table({"image_embedding": pa.array(image, kind), "text_embedding": pa.array(text, kind)} | more),
        path,
    )
    return path


@pytest.mark.parametrize(
    ("cells", "kind", "tolerance"),
    [
        (lambda r: r.tobytes(), pa.binary(), 0),
        (lambda r: r.tobytes(), pa.large_binary(), 0),
        (lambda r: r.tobytes(), pa.binary(64), 0),
        (lambda r: r.astype("f2").tobytes(), pa.binary(), 1e-3),
        (lambda r: r.astype("f8").tobytes(), pa.binary(), 0),
        (npy, pa.binary(), 0),
        (lambda r: npy(r[None].astype(">f8")), pa.binary(), 0),
    ],
)
def test_bytes_whose_kind_shows_are_vectors(tmp_path, cells, kind, tolerance):
    made = sde.open_embeddings(write(tmp_path / "v.parquet", cells, kind))
    np.testing.assert_allclose(made.image, ROWS[0], atol=tolerance)
    np.testing.assert_allclose(made.text, ROWS[1], atol=tolerance)
    said = [remark for remark in made.remarks if "holds bytes: they are read as 16 numbers" in remark]
    assert len(said) == (0 if cells(ROWS[0][0]).startswith(b"\x93NUMPY") else 2)


def test_bytes_of_two_possible_kinds_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(sde.DataError, match=r"may be float16 or bfloat16 or float32: make lists of numbers"):
        sde.open_embeddings(write(tmp_path / "v.parquet", bfloat16))


def test_a_missing_cell_and_one_of_another_length_are_listed(tmp_path):
    cells = [row.tobytes() for row in ROWS[0]]
    cells[3], cells[5] = None, None
    table = pa.table({"image_embedding": cells, "text_embedding": [r.tobytes() for r in ROWS[1]]})
    pq.write_table(table, tmp_path / "v.parquet")
    made = sde.open_embeddings(tmp_path / "v.parquet")
    assert made.n_images == 7
    assert len(made.skipped) == 2


def test_pictures_and_other_bytes_are_no_vectors(tmp_path):
    bmp = [picture_bytes(colour, (8, 8), "BMP") for colour in ("red", "grey", "#3c3c3c")]
    pq.write_table(pa.table({"image": bmp, "caption": list("abc")}), tmp_path / "pairs.parquet")
    assert len(sde.open_pairs(tmp_path / "pairs.parquet")) == 3
    with pytest.raises(sde.DataError, match="no column is one, beside 'caption'"):
        sde.open_embeddings(tmp_path / "pairs.parquet")
    pq.write_table(
        pa.table({"embedding": [b"ab", b"c", b"def"], "caption": list("abc")}), tmp_path / "x.parquet"
    )
    with pytest.raises(sde.DataError, match="no column is one"):
        sde.open_embeddings(tmp_path / "x.parquet")


def test_numbers_without_shape_and_records_say_how_to_save_them(tmp_path):
    ROWS[0].tofile(tmp_path / "v.bin")
    with pytest.raises(sde.DataError, match="numbers without their shape and type"):
        sde.open_embeddings(tmp_path / "v.bin")
    raw = torch.tensor(ROWS[0]).bfloat16()
    (tmp_path / "b.bin").write_bytes(raw.view(torch.uint16).numpy().tobytes())
    np.save(tmp_path / "b.npy", np.fromfile(tmp_path / "b.bin", "uint16").reshape(-1, 16).view("V2"))
    np.testing.assert_array_equal(sde.open_embeddings(tmp_path / "b.npy").image, raw.float().numpy())
    records = np.zeros(9, dtype=[("image", "f4", 16), ("text", "f4", 16), ("ids", "U2")])
    records["image"], records["text"], records["ids"] = *ROWS, [f"p{i}" for i in range(9)]
    np.save(tmp_path / "r.npy", records)
    with pytest.raises(sde.DataError, match=r"one array of records \(image, text, ids\): save its fields"):
        sde.open_embeddings(tmp_path / "r.npy")
    np.savez(tmp_path / "r.npz", **{name: records[name] for name in records.dtype.names})
    np.testing.assert_array_equal(sde.open_embeddings(tmp_path / "r.npz").text, ROWS[1])
