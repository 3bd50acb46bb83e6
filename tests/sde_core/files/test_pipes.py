"""What is a pipe where a file should be is refused at once: nobody waits for what never comes."""

import json
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sde_core as sde
from sde_core.files.bundled import encoder_folder
from sde_core.files.whole_folder import sampled_digest
from sde_core.report.spec import read_spec
from sde_explorer import sets


def _as_pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("name", ["open_clip_config.json", "open_clip_model.safetensors"])
def test_of_an_encoder(tmp_path, name):
    folder = shutil.copytree(encoder_folder(), tmp_path / "encoder")
    _as_pipe(folder / name)
    with pytest.raises(sde.SDEError):
        sde.load_encoder(str(folder))


def test_of_a_checkpoint_a_transform_and_a_set(tmp_path):
    for name in ("a.safetensors", "a.pth"):
        _as_pipe(tmp_path / name)
        with pytest.raises(sde.SDEError):
            sde.load_encoder(f"ViT-B-32/{tmp_path / name}")
    with pytest.raises(sde.SDEError, match="pipe"):
        sde.SpectralTransform.load(tmp_path / "a.safetensors")
    folder = sde.EmbeddingSet.from_arrays(np.eye(5), np.eye(5)).save(tmp_path / "set")
    for path in folder.iterdir():
        content = path.read_bytes()
        _as_pipe(path)
        with pytest.raises(sde.DataError):
            sde.EmbeddingSet.load(folder)
        if path.name == "manifest.json":
            assert sets.entry_of(folder) is None
        path.unlink()
        path.write_bytes(content)
    assert sde.EmbeddingSet.load(folder).n_images == 5


def test_a_table_of_a_set_that_declares_more_rows_than_vectors_is_not_unfolded(tmp_path):
    folder = sde.EmbeddingSet.from_arrays(np.eye(5), np.eye(5)).save(tmp_path / "set")
    path = folder / "images.parquet"
    ids = pa.array(["x"]).take(pa.array(np.zeros(2_000_000, np.int32)))
    pq.write_table(pa.table({"id": ids}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["images.parquet"] = path.stat().st_size
    manifest["samples"]["images.parquet"] = sampled_digest(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(sde.DataError, match="must have 5 rows, one a vector; it has 2,000,000"):
        sde.EmbeddingSet.load(folder)


def test_of_a_spec(tmp_path):
    _as_pipe(tmp_path / "spec.json")
    with pytest.raises(sde.DataError, match="pipe"):
        read_spec(tmp_path / "spec.json")
