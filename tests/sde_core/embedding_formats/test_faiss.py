"""faiss' index files give back the vectors that went in, without faiss; those that keep codes are named."""

import faiss
import numpy as np
import pytest

import sde_core as sde

METRICS = {"product": faiss.METRIC_INNER_PRODUCT, "l2": faiss.METRIC_L2}


def vectors(rows: int = 300, width: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def write(path, key: str, rows: np.ndarray, metric: int = faiss.METRIC_INNER_PRODUCT, ids=None):
    index = faiss.index_factory(rows.shape[1], key, metric)
    index.train(rows)
    if ids is None:
        index.add(rows)
    else:
        index.add_with_ids(rows, ids)
    faiss.write_index(index, str(path))
    return path


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("key", ["Flat", "IVF1,Flat", "IVF7,Flat", "HNSW15", "HNSW8,Flat"])
def test_an_index_that_keeps_its_vectors_gives_them_back(tmp_path, key, metric):
    made = sde.open_embeddings(write(tmp_path / "image.index", key, vectors(), METRICS[metric]))
    np.testing.assert_array_equal(made.image, vectors())
    assert made.modalities == ("image",)
    assert sde.describe_embeddings(tmp_path / "image.index").format == "faiss"


@pytest.mark.parametrize("key", ["IDMap,Flat", "IDMap2,Flat", "IDMap,IVF5,Flat"])
def test_ids_are_ids(tmp_path, key):
    ids = np.random.default_rng(1).permutation(300).astype(np.int64) + 10**12
    made = sde.open_embeddings(write(tmp_path / "x.faiss", key, vectors(), ids=ids))
    assert made.image_ids == tuple(map(str, ids))
    np.testing.assert_array_equal(made.image, vectors())


def test_two_indexes_of_a_folder_are_both_modalities(tmp_path):
    """As clip-retrieval's index command leaves them."""
    write(tmp_path / "image.index", "Flat", vectors(6))
    write(tmp_path / "text.index", "HNSW15", vectors(6, seed=1))
    for made in (sde.open_embeddings(tmp_path),
                 sde.open_embeddings(tmp_path / "image.index", text=tmp_path / "text.index")):  # fmt: skip
        np.testing.assert_array_equal(made.image, vectors(6))
        np.testing.assert_array_equal(made.text, vectors(6, seed=1))


@pytest.mark.parametrize(
    ("key", "named"),
    [("PQ4x4", "PQ"), ("IVF4,PQ4x4", "IVF with PQ"), ("SQ8", "SQ"), ("HNSW8_SQ8", "HNSW with SQ"),
     ("PCA8,Flat", "a transform before another index")],
)  # fmt: skip
def test_an_index_of_codes_is_named_with_the_remedy(tmp_path, key, named):
    path = write(tmp_path / "knn.index", key, vectors())
    with pytest.raises(
        sde.DataError, match=f"does not keep its vectors as they were, {named}: open the vectors"
    ):
        sde.open_embeddings(path)


@pytest.mark.parametrize("key", ["Flat", "IVF3,Flat", "HNSW4,Flat", "IDMap,Flat"])
def test_damage_is_a_sentence_and_nothing_else(tmp_path, key):
    ids = np.arange(9) if key.startswith("IDMap") else None
    path = write(tmp_path / "image.index", key, vectors(9, 3), ids=ids)
    whole = path.read_bytes()
    numbers = np.random.default_rng(0)
    for end in range(4, len(whole) - 1, 7):
        path.write_bytes(whole[:end])
        with pytest.raises(sde.DataError):
            sde.open_embeddings(path)
    for _ in range(200):
        broken = bytearray(whole)
        for place in numbers.integers(0, len(whole), 3):
            broken[place] = numbers.integers(256)
        path.write_bytes(broken)
        try:
            made = sde.open_embeddings(path)
        except sde.DataError:
            continue
        assert made.image.shape[1] == 3
