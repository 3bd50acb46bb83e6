"""A file that others cut off while it is mapped: what is copied first outlives it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from sde_core.embedding_formats.safetensors_file import open_safetensors
from sde_core.encoders.checkpoint import read_checkpoint
from sde_core.files import mapped
from sde_core.files.tensor_file import read_tensors, write_tensors

# The set is larger than what is read whole. `SDE_CACHE` is where a server keeps its own.
SCRIPT = """
import os, sys
import numpy as np
import sde_core as sde
from sde_core.files.mapped import copy_before_mapping
folder, cache = sys.argv[1:]
if cache:
    copy_before_mapping(__import__("pathlib").Path(cache))
found = sde.EmbeddingSet.load(folder)
assert isinstance(found.image, np.memmap)
before = float(found.image[-1].sum())
os.truncate(f"{folder}/image.npy", 4096)
assert float(found.image[-1].sum()) == before
assert sde.compute_spectrum(found.image[-512:]).rank > 0
print("alive")
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    rows = np.random.default_rng(0).normal(size=(mapped.READ_WHOLE_BYTES // 4 // 512 + 1024, 512))
    made = sde.EmbeddingSet.from_arrays(rows.astype(np.float32), rows[:, ::-1].astype(np.float32))
    return made.save(tmp_path_factory.mktemp("large") / "set")


def _run(folder, cache):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(cache)], capture_output=True, text=True
    )


def test_a_copied_set_outlives_that_its_file_is_cut_off(large, tmp_path):
    content = (large / "image.npy").read_bytes()
    done = _run(large, tmp_path / "cache")
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
    assert list((tmp_path / "cache").iterdir()) == []  # the copy has no name
    (large / "image.npy").write_bytes(content)
    if sys.platform == "linux":  # what the copy is for
        assert _run(large, "").returncode == -signal.SIGBUS
        (large / "image.npy").write_bytes(content)


@pytest.fixture
def copies(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "READ_WHOLE_BYTES", 0)
    mapped.copy_before_mapping(tmp_path / "cache")
    yield tmp_path
    mapped.copy_before_mapping(None)


def _mapped(path):
    return mapped.array_in_file(path, np.dtype("<f4"), (4, 2), 8)


def test_files_of_ones_own_very_large_ones_and_those_without_room_are_mapped_as_they_are(copies, monkeypatch):
    rows = np.arange(8, dtype="<f4").reshape(4, 2)
    own, foreign = copies / "cache" / "own.bin", copies / "foreign.bin"
    own.parent.mkdir()
    for path in (own, foreign):
        path.write_bytes(b"header, " + rows.tobytes())
    np.testing.assert_array_equal(_mapped(own), rows)
    np.testing.assert_array_equal(_mapped(foreign), rows)
    assert _mapped(own).filename == str(own)
    assert _mapped(foreign).filename is None
    monkeypatch.setattr(mapped, "COPIED_BYTES", 8)
    assert _mapped(foreign).filename == str(foreign)
    monkeypatch.undo()
    monkeypatch.setattr(mapped, "READ_WHOLE_BYTES", 0)
    monkeypatch.setattr(mapped, "_SPARE_BYTES", 1 << 60)
    assert _mapped(foreign).filename == str(foreign)
    assert os.listdir(copies / "cache") == ["own.bin"]


def _is_mapped(path):
    return str(path) in Path("/proc/self/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads what is mapped from /proc")
def test_libraries_that_map_by_themselves_are_given_the_copy(copies):
    path = copies / "vectors.safetensors"
    tensors = {"image": torch.randn(64, 32), "text": torch.randn(64, 32)}
    save_file(tensors, path)
    found, state = open_safetensors(path), read_checkpoint(path).state
    assert not _is_mapped(path)
    os.truncate(path, 64)
    assert torch.equal(state["image"], tensors["image"])
    (block,) = found.matrices["text"].blocks()
    np.testing.assert_array_equal(block, tensors["text"].numpy())
    write_tensors(path, tensors, kind="k", header={})
    assert torch.equal(read_tensors(path, kind="k", writer="w")[0]["text"], tensors["text"])
    assert list((copies / "cache").iterdir()) == []
    mapped.copy_before_mapping(None)
    kept = open_safetensors(path)
    assert _is_mapped(path)  # too large to be read whole, and nobody asked for copies
    del kept


@pytest.mark.skipif(sys.platform != "linux", reason="reads what is mapped from /proc")
def test_small_vectors_and_encoders_stay_mapped_nowhere(clip_folder, tmp_path):
    path, folder = tmp_path / "vectors.safetensors", tmp_path / "clip"
    save_file({"image": torch.randn(64, 32)}, path)
    shutil.copytree(clip_folder, folder)
    found, encoder = open_safetensors(path), sde.load_encoder(folder)
    before = encoder.encode_texts(["a cat"])
    for file in (path, folder / "model.safetensors"):
        assert not _is_mapped(file)
        os.truncate(file, 64)
    assert found.matrices["image"].shape == (64, 32)
    assert torch.equal(encoder.encode_texts(["a cat"]), before)


@pytest.mark.parametrize("by_kernel", [1.0, 0.5, 0.0])  # of it, before the system says no
def test_a_copy_holds_all_however_far_the_kernel_comes_with_it(copies, monkeypatch, by_kernel):
    content = np.random.default_rng(1).bytes(3 * mapped._BLOCK_BYTES + 5)
    (copies / "foreign.bin").write_bytes(content)
    copied = []

    def some(given, taken, count, at, to):
        if at >= by_kernel * len(content):
            if by_kernel == 1:
                return 0
            raise OSError("no more")
        part = os.pread(given, min(count, len(content) // 2 + 1), at)
        copied.append(os.pwrite(taken, part, to))
        return copied[-1]

    monkeypatch.setattr(os, "copy_file_range", some, raising=False)
    with (copies / "foreign.bin").open("rb") as file:
        file.seek(7)
        with mapped.to_map(file) as found:
            assert found.tell() == 7
            found.seek(0)
            assert found.read() == content
        assert file.tell() == 7
    assert len(copied) == {1.0: 2, 0.5: 1, 0.0: 0}[by_kernel]
