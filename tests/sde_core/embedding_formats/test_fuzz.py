"""Damaged files for each reader: a whole result or a DataError, nothing else."""

import contextlib
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from tests.fuzzing import N_FILES
from tests.sde_core.embedding_formats.real_set import WRITERS, faiss_pair, real_set

N_MUTATED = N_FILES
# Where headers, footers and indices lie, and anywhere.
_EDGE = 160


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a content with some bytes flipped, lost, doubled, put in or overwritten, or cut off."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        if not data:
            return bytes(data)
        zone = rng.integers(3)
        low, high = ((0, min(_EDGE, len(data))), (max(0, len(data) - _EDGE), len(data)), (0, len(data)))[zone]
        at = int(rng.integers(low, high))
        length = int(rng.integers(1, 9))
        kind = rng.integers(6)
        if kind == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = rng.bytes(length)
        elif kind == 3:
            data[at : at + length] = bytes([int(rng.choice([0, 0x7F, 0xFF, 0x30]))]) * length
        elif kind == 4:
            data[at:at] = data[at : at + 4 * length]
        else:
            del data[at:]
    return bytes(data)


# Every reader; the two kinds of npz share one, and parts of parquet are read as one file is.
SHARES = {"npz": 0.5, "compressed_npz": 0.5} | dict.fromkeys(
    ("npy_pair", "safetensors", "parquet_lists", "clip_retrieval", "set", "faiss"), 1.0
)


@pytest.mark.parametrize("name", SHARES)
def test_a_damaged_file_gives_a_result_or_a_data_error(tmp_path, name):
    (tmp_path / "whole").mkdir()
    options = (WRITERS | {"faiss": faiss_pair})[name](real_set().select(np.arange(5)), tmp_path / "whole")
    damaged = tmp_path / "damaged"
    options = {key: _moved(value, tmp_path / "whole", damaged) for key, value in options.items()}
    shutil.copytree(tmp_path / "whole", damaged)
    files = sorted(path for path in damaged.rglob("*") if path.is_file())
    whole = {path: path.read_bytes() for path in files}
    rng = np.random.default_rng(list(name.encode()))
    results, count = 0, int(N_MUTATED * SHARES[name])
    for number in range(count):
        path = files[number % len(files)]
        path.write_bytes(mutated(whole[path], rng))
        with warnings.catch_warnings(), contextlib.suppress(sde.DataError):
            warnings.simplefilter("ignore")
            made = sde.open_embeddings(**options)
            assert made.image.shape == (len(made.image_ids), made.width)
            assert made.text.shape == (len(made.captions), made.width)
            assert np.isfinite(made.paired()[0]).all()
            assert all(len(column) == made.n_images for column in made.metadata.values())
            assert made.fingerprint
            results += 1
        path.write_bytes(whole[path])
    assert sde.open_embeddings(**options).n_images == 5
    assert results < count  # some damage was seen


def _moved(value: object, old: Path, new: Path) -> object:
    return new / value.relative_to(old) if isinstance(value, Path) else value
