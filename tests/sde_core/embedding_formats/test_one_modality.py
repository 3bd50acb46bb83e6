"""Vectors of one modality, whoever wrote them, and numbers in the forms in which people keep them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from sde_core.embedding_formats.named import open_named


def vectors(rows: int = 6, width: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def _parquet(path, name: str, **columns):
    pq.write_table(pa.table({name: [v.tolist() for v in vectors()], **columns}), path)


@pytest.mark.parametrize(
    ("name", "modality", "is_said"),
    [
        ("image.npy", "image", False),
        ("text.npy", "text", False),
        ("text_embeddings.npy", "text", False),
        ("embeddings.npy", "image", True),
    ],
)
def test_a_lone_array_is_what_its_name_says(tmp_path, name, modality, is_said):
    np.save(tmp_path / name, vectors())
    made = sde.open_embeddings(tmp_path / name)
    assert made.modalities == (modality,)
    np.testing.assert_array_equal(made.vectors(modality), vectors())
    assert [("read as" in remark) for remark in made.remarks] == [True] * is_said
    assert sde.describe_embeddings(tmp_path / name).missing == made.missing
    spectrum = sde.compute_spectrum(made.vectors(modality), center=None)
    wanted = np.linalg.svd(vectors().astype(np.float64), compute_uv=False)
    np.testing.assert_allclose(spectrum.singular_values.numpy(), wanted, rtol=1e-6)


def test_texts_alone_with_their_captions(tmp_path):
    np.save(tmp_path / "x.npy", vectors())
    words = [f"caption {i}" for i in range(6)]
    made = sde.open_embeddings(text=tmp_path / "x.npy", captions=words)
    assert (made.modalities, made.captions) == (("text",), tuple(words))
    assert sde.EmbeddingSet.load(made.save(tmp_path / "set")).captions == tuple(words)
    with pytest.raises(sde.ConfigError, match="path or text must be given"):
        sde.open_embeddings()


def test_one_side_of_every_container(tmp_path):
    np.savez(tmp_path / "x.npz", img_emb=vectors(), ids=list("abcdef"))
    made = sde.open_embeddings(tmp_path / "x.npz")
    assert (made.modalities, made.image_ids) == (("image",), tuple("abcdef"))
    save_file({"text_embeds": torch.from_numpy(vectors())}, tmp_path / "x.safetensors")
    assert sde.open_embeddings(tmp_path / "x.safetensors").modalities == ("text",)
    _parquet(tmp_path / "x.parquet", "image_embedding", key=list("abcdef"), label=[0, 1, 2] * 2)
    made = sde.open_embeddings(tmp_path / "x.parquet")
    assert (made.modalities, made.image_ids) == (("image",), tuple("abcdef"))
    assert made.metadata["label"].tolist() == [0, 1, 2] * 2


def test_a_parquet_of_sentences_is_one_of_texts(tmp_path):
    _parquet(tmp_path / "x.parquet", "embedding", text=[f"t{i}" for i in range(6)], language=["de", "en"] * 3)
    made = sde.open_embeddings(tmp_path / "x.parquet")
    assert made.modalities == ("text",)
    assert made.captions == tuple(f"t{i}" for i in range(6))
    assert made.metadata["language"].tolist() == ["de", "en"] * 3
    assert "read as text vectors" in made.remarks[0]


def test_a_broken_row_of_one_modality_is_left_out(tmp_path):
    x = vectors()
    x[2], x[4, 1] = 0, np.nan
    np.save(tmp_path / "text.npy", x)
    made = sde.open_embeddings(tmp_path / "text.npy", captions=list("abcdef"))
    assert made.captions == tuple("abdf")
    assert [s.item for s in made.skipped] == ["caption 2", "caption 4"]
    np.save(tmp_path / "image.npy", np.zeros((3, 4), np.float32))
    with pytest.raises(sde.DataError, match="at least one usable vector; 3 rows were left out"):
        sde.open_embeddings(tmp_path / "image.npy")


@pytest.mark.parametrize("kept", ["img_emb", "text_emb"])
def test_clip_retrieval_without_one_of_its_folders(tmp_path, kept):
    for folder in (kept, "metadata"):
        (tmp_path / folder).mkdir()
    for number, rows in ((0, 3), (10, 2), (2, 1)):
        np.save(tmp_path / kept / f"{kept}_{number}.npy", vectors(rows, seed=number))
        table = {
            "image_path": [f"{number}-{i}" for i in range(rows)],
            "caption": [f"c{number}-{i}" for i in range(rows)],
        }
        pq.write_table(pa.table(table), tmp_path / "metadata" / f"metadata_{number}.parquet")
    made = sde.open_embeddings(tmp_path)
    assert made.modalities == ({"img_emb": "image", "text_emb": "text"}[kept],)
    assert made.n_rows == 6
    if kept == "img_emb":
        assert made.image_ids == ("0-0", "0-1", "0-2", "2-0", "10-0", "10-1")
    else:
        assert made.captions == ("c0-0", "c0-1", "c0-2", "c2-0", "c10-0", "c10-1")


def test_a_folder_of_one_npy_or_of_parts(tmp_path):
    np.save(tmp_path / "part_0.npy", vectors(3))
    np.save(tmp_path / "part_10.npy", vectors(2, seed=10))
    np.save(tmp_path / "part_2.npy", vectors(1, seed=2))
    (tmp_path / "._part_0.npy").write_bytes(b"\0")
    made = sde.open_embeddings(tmp_path)
    np.testing.assert_array_equal(
        made.image, np.concatenate([vectors(3), vectors(1, seed=2), vectors(2, seed=10)])
    )
    np.save(tmp_path / "other.npy", vectors())
    with pytest.raises(sde.DataError, match=r"such as image\.npy and text\.npy.*'other\.npy'"):
        sde.open_embeddings(tmp_path)


@pytest.mark.parametrize(
    "scale", [np.float32(0.01), np.full(4, 0.02, np.float32), np.full(6, 0.5, np.float32)]
)
def test_whole_numbers_with_their_scale(tmp_path, scale):
    image, text = (np.clip(vectors(seed=s) * 40, -127, 127).astype(np.int8) for s in (0, 1))
    np.savez(tmp_path / "x.npz", image=image, text=text, scale=scale)
    made = sde.open_embeddings(tmp_path / "x.npz")
    factor = scale[:, None] if np.shape(scale) == (6,) else scale
    np.testing.assert_array_equal(made.image, image.astype(np.float32) * factor)
    tensors = {"image": torch.from_numpy(image), "text": torch.from_numpy(text), "image_scale": torch.tensor(scale),
               "text_scale": torch.tensor(2 * scale)}  # fmt: skip
    save_file(tensors, tmp_path / "x.safetensors")
    made = sde.open_embeddings(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(made.text, text.astype(np.float32) * (2 * factor))


def test_whole_numbers_without_a_scale_are_named_with_the_remedy(tmp_path):
    x = (vectors() * 40).astype(np.int8)
    np.savez(tmp_path / "x.npz", image=x, text=x)
    with pytest.raises(sde.DataError, match=r"image must hold floating-point numbers; got int8: .*scale"):
        sde.open_embeddings(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", image=x, text=x, scale=np.ones(3, np.float32))
    with pytest.raises(sde.DataError, match=r"its scale must be .* got shape \(3,\)"):
        sde.open_embeddings(tmp_path / "x.npz")


def test_bits_of_bfloat16(tmp_path):
    rounded = torch.from_numpy(vectors()).to(torch.bfloat16)
    bits = rounded.view(torch.uint16).numpy()
    np.save(tmp_path / "image.npy", bits.view("V2"))  # what numpy writes of ml_dtypes.bfloat16
    np.testing.assert_array_equal(sde.open_embeddings(tmp_path / "image.npy").image, rounded.float().numpy())
    np.save(tmp_path / "image.npy", bits)
    with pytest.raises(sde.DataError, match=r"got uint16: .*astype\('uint32'\) << 16\)\.view\('float32'\)"):
        sde.open_embeddings(tmp_path / "image.npy")


def test_extension_types_in_parquet(tmp_path):
    kind = pa.fixed_shape_tensor(pa.float32(), (4,))
    tensors = {
        name: pa.ExtensionArray.from_storage(
            kind, pa.array(vectors(seed=s).tolist(), pa.list_(pa.float32(), 4))
        )
        for s, name in enumerate(("image", "text"))
    }
    pq.write_table(pa.table(tensors), tmp_path / "x.parquet")
    made = sde.open_embeddings(tmp_path / "x.parquet")
    np.testing.assert_array_equal(made.image, vectors())
    np.testing.assert_array_equal(made.text, vectors(seed=1))


def test_rows_that_were_merged_are_said(tmp_path):
    x = vectors()
    np.savez(
        tmp_path / "x.npz", image=x, text=np.repeat(x[:3], 2, axis=0), captions=["a", "a", "b", "b", "c", "c"]
    )
    made = sde.open_embeddings(tmp_path / "x.npz")
    assert made.n_texts == 3
    assert made.remarks == ("6 text rows of the file are 3 here: equal captions with equal vectors are one.",)
    assert sde.EmbeddingSet.load(made.save(tmp_path / "set")).remarks == made.remarks


def test_a_name_on_the_command_line_advises_nothing_that_it_has_not(tmp_path):
    np.savez(tmp_path / "x.npz", a=vectors(), b=vectors(seed=1))
    with pytest.raises(
        sde.DataError, match=r"columns=.*that is an option of open_embeddings: open it in Python"
    ):
        open_named(str(tmp_path / "x.npz"))
    np.save(tmp_path / "v.npy", vectors())
    assert open_named(f",{tmp_path / 'v.npy'}").modalities == ("text",)
    with pytest.raises(sde.DataError, match=r"there is no .*nowhere\.npy$"):
        open_named(str(tmp_path / "nowhere.npy"))
