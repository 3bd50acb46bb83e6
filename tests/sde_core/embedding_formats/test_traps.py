"""Files that would wait for ever, fill the memory or end the process."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core import ConfigError, DataError, EmbeddingSet, open_embeddings, open_pairs
from sde_core.report.spec import MOST_RESAMPLES, ReportSpec, SetSpec


@pytest.mark.parametrize("name", ["image.npy", "x.npz", "x.safetensors", "x.parquet"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    place = tmp_path / name
    if name == "image.npy":
        np.save(tmp_path / "text.npy", np.eye(3, dtype=np.float32))
        place = tmp_path
    code = f"import sde_core as s\ntry: s.open_embeddings({str(place)!r})\nexcept s.DataError as error: print(error)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ("a pipe" if place == tmp_path else "there is no") in found.stdout


def test_a_parquet_of_equal_vectors_is_refused_by_what_it_declares(tmp_path):
    row = pa.array(np.ones(512, np.float32))
    table = pa.table({"image": pa.FixedSizeListArray.from_arrays(pa.concat_arrays([row] * 60_000), 512)})
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 1 << 20
    with pytest.raises(DataError, match="refused as a bomb"):
        open_embeddings(tmp_path / "bomb.parquet")


def test_an_ordinary_parquet_of_vectors_opens(tmp_path):
    values = np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32)
    pq.write_table(pa.table({"image": list(values), "text": list(values)}), tmp_path / "good.parquet")
    np.testing.assert_array_equal(open_embeddings(tmp_path / "good.parquet").image, values)


def test_a_parquet_of_pairs_that_unpacks_to_far_more_is_refused(tmp_path):
    pictures = pa.array([b"\0" * (16 << 20)] * 2, pa.binary())
    pq.write_table(
        pa.table({"image": pictures, "caption": ["a", "b"]}), tmp_path / "bomb.parquet", compression="zstd"
    )
    with pytest.raises(DataError, match="refused as a bomb"):
        len(open_pairs(tmp_path / "bomb.parquet"))


def test_a_zip_of_many_empty_files_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.txt", b"")
    with pytest.raises(DataError, match="empty files"):
        open_pairs(tmp_path / "empty.zip")


@pytest.mark.parametrize(
    "given",
    [
        {"n_resamples": 10**12},
        {"n_resamples": MOST_RESAMPLES + 1},
        {"n_resamples": 0},
        {"seed": -1},
        {"noise_factor": float("nan")},
        {"strong_factor": float("inf")},
        {"sets": (SetSpec(embeddings="emoji"),) * 17},
    ],
)
def test_a_spec_that_asks_for_too_much_is_refused_when_it_is_read(given):
    plain = ReportSpec(sets=(SetSpec(embeddings="emoji"),)).as_dict()
    with pytest.raises(ConfigError, match=next(iter(given))):
        ReportSpec(**{"sets": (SetSpec(embeddings="emoji"),), **given})
    if "sets" not in given:
        with pytest.raises(ConfigError, match=next(iter(given))):
            ReportSpec.from_dict({**plain, **given})


def test_a_set_that_is_cut_off_while_it_is_open_does_not_end_the_process(tmp_path):
    rows = np.random.default_rng(0).normal(size=(500, 64)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(rows, rows[::-1].copy()).save(tmp_path / "set")
    code = (
        f"import os, sde_core as s\nopened = s.EmbeddingSet.load({str(folder)!r})\n"
        f"os.truncate({str(folder / 'image.npy')!r}, 4096)\nprint(s.compute_spectrum(opened.image).rank)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert (found.returncode, found.stdout.strip()) == (0, "64"), found.stderr
