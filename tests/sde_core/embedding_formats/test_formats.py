import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from sde_core.files import mapped
from tests.sde_core.embedding_formats.real_set import WRITERS, real_set

MAPPED = {"npy_folder", "npy_pair", "npz", "safetensors", "set"}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_back_the_same_vectors_and_the_same_fingerprint(tmp_path, name, monkeypatch):
    made = real_set()
    options = WRITERS[name](made, tmp_path)
    monkeypatch.setattr(mapped, "READ_WHOLE_BYTES", 0)  # as if it were large
    found = sde.open_embeddings(**options)
    np.testing.assert_array_equal(found.image, made.image)
    np.testing.assert_array_equal(found.text, made.text)
    assert found.image_ids == made.image_ids
    assert [found.captions_of(i) for i in range(made.n_images)] == [
        made.captions_of(i) for i in range(made.n_images)
    ]
    assert found.fingerprint == made.fingerprint
    assert found.skipped == ()
    is_mapped = isinstance(found.image, np.memmap) or isinstance(_base(found.image), torch.Tensor | np.memmap)
    assert is_mapped == (name in MAPPED)
    facts = sde.describe_embeddings(**options)
    assert facts.width == made.width
    assert facts.dtype == "float16"
    assert set(facts.metadata) == set(made.metadata)
    assert facts.n_images in (made.n_images, len(made.links))
    assert "captions" not in facts.missing


def _base(array):
    return getattr(array, "base", None)


@pytest.mark.parametrize("name", WRITERS)
def test_a_named_format_is_the_detected_one(tmp_path, name):
    options = WRITERS[name](real_set(), tmp_path)
    format = sde.describe_embeddings(**options).format
    assert sde.open_embeddings(**options, format=format).fingerprint == real_set().fingerprint


def vectors(rows: int = 6, width: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">f2", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_every_kind_and_order(tmp_path, dtype, order):
    image, text = (np.asarray(vectors(seed=s), dtype, order=order) for s in (0, 1))
    np.save(tmp_path / "img_emb.npy", image)
    np.savez_compressed(tmp_path / "x.npz", txt_features=text)
    made = sde.open_embeddings(tmp_path / "img_emb.npy", text=tmp_path / "x.npz")
    kind = np.float16 if dtype.endswith("2") else np.float32
    np.testing.assert_array_equal(made.image, image.astype(kind))
    np.testing.assert_array_equal(made.text, text.astype(kind))
    assert made.image.dtype == kind
    assert made.image.dtype.isnative
    assert made.image.flags.c_contiguous


def test_bfloat16_is_read_as_float32(tmp_path):
    image = torch.from_numpy(vectors()).bfloat16()
    save_file(
        {"image": image, "text": torch.from_numpy(vectors(seed=1)).double()}, tmp_path / "x.safetensors"
    )
    made = sde.open_embeddings(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(made.image, image.float().numpy())
    assert made.image.dtype == made.text.dtype == np.float32


def test_a_copy_beyond_the_bound_lies_on_disk_and_is_the_same(tmp_path, monkeypatch):
    from sde_core.embedding_formats import gather

    image = vectors(50, 8)
    image[7] = np.nan
    np.savez_compressed(tmp_path / "x.npz", image=image, text=vectors(50, 8, seed=1))
    small = sde.open_embeddings(tmp_path / "x.npz")
    monkeypatch.setattr(gather, "IN_MEMORY_BYTES", 64)
    monkeypatch.setattr(gather, "BLOCK_ROWS", 5)
    large = sde.open_embeddings(tmp_path / "x.npz")
    assert isinstance(large.image, np.memmap)
    assert not isinstance(small.image, np.memmap)
    assert large.fingerprint == small.fingerprint
    assert large.n_images == 49


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("image", "text"),
        ("images", "texts"),
        ("img_emb", "text_emb"),
        ("image_embeds", "text_embeds"),
        ("image_features", "text_features"),
        ("clip-image-embeddings", "clip-caption-embeddings"),
        ("Visual_Vectors_0", "txt_feats_0"),
    ],
)
def test_names_that_are_understood(tmp_path, image, text):
    np.savez(tmp_path / "x.npz", **{image: vectors(), text: vectors(seed=1), "logit_scale": np.float32(100)})
    folder = tmp_path / "folder"
    folder.mkdir()
    np.save(folder / f"{image}.npy", vectors())
    np.save(folder / f"{text}.npy", vectors(seed=1))
    for path in (tmp_path / "x.npz", folder):
        made = sde.open_embeddings(path)
        np.testing.assert_array_equal(made.image, vectors())
        np.testing.assert_array_equal(made.text, vectors(seed=1))


def test_a_text_to_image_index_is_not_taken_for_vectors(tmp_path):
    for name in ("text_to_image", "text2img_idx", "caption_to_image_index", "links"):
        np.savez(tmp_path / "x.npz", image=vectors(2), text=vectors(4, seed=1), **{name: [0, 0, 1, 1]})
        assert sde.open_embeddings(tmp_path / "x.npz").links[:, 1].tolist() == [0, 0, 1, 1]


def test_what_is_missing_is_said_and_everything_opens(tmp_path):
    np.save(tmp_path / "image.npy", vectors())
    np.save(tmp_path / "text.npy", vectors(seed=1))
    bare = sde.open_embeddings(tmp_path)
    assert set(bare.missing) == {"pictures", "captions", "ids", "encoder"}
    assert bare.missing == sde.describe_embeddings(tmp_path).missing
    words = sde.open_embeddings(tmp_path, captions=list("abcdef"), encoder="bundled")
    assert set(words.missing) == {"pictures", "ids"}
    ids = sde.open_embeddings(tmp_path, images=[f"p{i}" for i in range(6)])
    assert set(ids.missing) == {"pictures", "captions", "encoder"}
    assert all(sentence.endswith(".") for sentence in bare.missing.values())


def test_pairs_lead_back_to_the_pictures(tmp_path):
    pairs = sde.open_pairs("clipart/test")
    ids = [pair.id for pair in pairs]
    rows = len(ids)
    np.save(tmp_path / "image.npy", vectors(rows))
    np.save(tmp_path / "text.npy", vectors(rows, seed=1))
    made = sde.open_embeddings(tmp_path, pairs="clipart/test", encoder="bundled")
    assert made.image_ids == tuple(ids)
    assert made.captions_of(3) == (pairs.find(ids[3]).captions[0],)
    assert made.provenance.pairs == "clipart/test"
    assert made.provenance.pairs_fingerprint == pairs.fingerprint
    assert made.missing == {}
    given = sde.open_embeddings(tmp_path, images=ids, pairs="clipart/test")
    assert set(given.missing) == {"captions", "encoder"}
    with pytest.raises(sde.DataError, match="no id such as 'x0' is there, where ids are such as"):
        sde.open_embeddings(tmp_path, images=[f"x{i}" for i in range(rows)], pairs="clipart/test")
    with pytest.raises(
        sde.DataError, match=rf"one pair for each row.*; got \d+ pairs and {rows} rows: give images="
    ):
        sde.open_embeddings(tmp_path, pairs="emoji/test")


def test_a_saved_set_may_get_its_pictures_later(tmp_path):
    made = sde.open_embeddings("clipart/test").select(np.arange(9))
    folder = made.save(tmp_path / "set")
    found = sde.open_embeddings(folder, pairs="clipart", encoder="mine")
    assert (found.provenance.pairs, found.provenance.encoder) == ("clipart", "mine")
    assert found.provenance.weights_sha256 == made.provenance.weights_sha256
    assert found.fingerprint == made.fingerprint


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_tables_of_every_kind_say_the_same(tmp_path, suffix):
    columns = {
        "id": ["007", "b", "c"],
        "caption": ["one, two", "zwei", "three\u2028"],
        "n": [1, 2, 3],
        "x": [0.5, 1.0, 2.0],
    }
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    path = tmp_path / f"table.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(columns), path)
    elif suffix in ("csv", "tsv"):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(columns), delimiter="," if suffix == "csv" else "\t")
            writer.writeheader()
            writer.writerows(records)
    else:
        lines = "\n".join(map(json.dumps, records))
        path.write_text(lines if suffix == "jsonl" else json.dumps(records))
    np.save(tmp_path / "image.npy", vectors(3))
    np.save(tmp_path / "text.npy", vectors(3, seed=1))
    made = sde.open_embeddings(tmp_path, images=path)
    assert made.image_ids == tuple(columns["id"])
    assert made.captions == tuple(columns["caption"])
    assert made.metadata["n"].dtype == np.int64
    assert made.metadata["x"].tolist() == columns["x"]


def test_many_parts_are_read_within_bounded_memory(tmp_path):
    """20 parts of 0.8 MB for each of the two: what Python allocates stays below half of one of them."""
    import tracemalloc

    from sde_core.embedding_formats import gather

    for name in ("img_emb", "text_emb"):
        (tmp_path / name).mkdir()
        for number in range(20):
            np.save(tmp_path / name / f"{name}_{number}.npy", vectors(400, 512, seed=number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "IN_MEMORY_BYTES", 1 << 16)
        tracemalloc.start()
        made = sde.open_embeddings(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert made.image.nbytes == 20 * 400 * 512 * 4
    assert peak < made.image.nbytes / 2
