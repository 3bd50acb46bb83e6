"""clip-retrieval's own reader, runner and writer around our encoder; its vectors open with what it left out."""

import numpy as np
import pytest

import sde_core as sde
from tests.writers.conftest import N_PICTURES, needed


@pytest.fixture
def shard(tmp_path, pictures):
    """Return a shard with captions and metadata."""
    path = tmp_path / "0.tar"
    with needed("webdataset").TarWriter(str(path)) as sink:
        for i, content in enumerate(pictures):
            sink.write({"__key__": f"{i:04d}", "jpg": content, "txt": f"caption {i}", "json": {"number": i}})
    return path


def _inferred(shard, folder, encoder, monkeypatch, **enabled):
    mapper, reader = (
        needed("clip_retrieval.clip_inference.mapper"),
        needed("clip_retrieval.clip_inference.reader"),
    )
    runner, writer = (
        needed("clip_retrieval.clip_inference.runner"),
        needed("clip_retrieval.clip_inference.writer"),
    )
    logger = needed("clip_retrieval.clip_inference.logger")
    monkeypatch.setattr(mapper, "load_clip", lambda **_: (encoder.model, None, None))
    names = {"enable_image": True, "enable_text": True, "enable_metadata": True} | enabled
    runner.Runner(
        lambda sampler: reader.WebdatasetReader(
            sampler, encoder.preprocess, encoder.tokenizer, [str(shard)], 4, 0, **names
        ),
        lambda: mapper.ClipMapper(**names, use_mclip=False, clip_model="", use_jit=False, mclip_model=""),
        lambda i: writer.NumpyWriter(
            partition_id=i, output_folder=str(folder), output_partition_count=1, **names
        ),
        lambda i: logger.LoggerWriter(partition_id=i, stats_folder=str(folder / "stats")),
        1,
    )(0)
    return folder


def test_pictures_captions_and_metadata_stay_together(
    shard, tmp_path, bundled_encoder, monkeypatch, compared
):
    folder = _inferred(shard, tmp_path / "out", bundled_encoder, monkeypatch)
    assert sde.describe_embeddings(folder).format == "clip-retrieval"
    found = sde.open_embeddings(folder, pairs=str(shard))
    assert (found.n_images, found.n_texts) == (N_PICTURES, N_PICTURES)
    assert found.captions == tuple(f"caption {i}" for i in range(N_PICTURES))
    assert found.metadata["number"].tolist() == list(range(N_PICTURES))
    ours = sde.encode_pairs(bundled_encoder, sde.open_pairs(shard))
    np.testing.assert_allclose(found.image, ours.image, atol=1e-3)  # theirs are half precision
    np.testing.assert_allclose(found.text, ours.text, atol=1e-3)
    largest = max(np.abs(found.image - ours.image).max(), np.abs(found.text - ours.text).max())
    compared("clip_retrieval", "half-precision vectors of its inference beside sde encode's", largest)


@pytest.mark.parametrize("side", ["image", "text"])
def test_one_modality_is_a_set(shard, tmp_path, bundled_encoder, monkeypatch, side):
    enabled = {"enable_image": side == "image", "enable_text": side == "text"}
    folder = _inferred(shard, tmp_path / "out", bundled_encoder, monkeypatch, **enabled)
    found = sde.open_embeddings(folder)
    assert found.modalities == (side,)
    assert found.n_rows == N_PICTURES
    assert found.metadata["number"].tolist() == list(range(N_PICTURES))
    assert sde.compute_spectrum(found.vectors(side)).rank == N_PICTURES - 1  # centred


def test_a_faiss_index_of_autofaiss_opens_with_its_vectors(shard, tmp_path, bundled_encoder, monkeypatch):
    folder = _inferred(shard, tmp_path / "out", bundled_encoder, monkeypatch)
    index = tmp_path / "image.index"
    # Its own way of saving stumbles over its table of measures with this numpy; faiss writes the same file.
    made, _ = needed("autofaiss").build_index(
        embeddings=str(folder / "img_emb"), index_key="Flat", save_on_disk=False, nb_cores=1
    )
    needed("faiss").write_index(made, str(index))
    found = sde.open_embeddings(index)
    np.testing.assert_allclose(found.image, sde.open_embeddings(folder).image, atol=1e-6)
