"""A budget of memory that is too small is refused before any work."""

import sys

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.files import memory
from sde_core.spectra import spectrum


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    image, text = np.random.default_rng(0).normal(size=(2, 400, 128)).astype(np.float16)
    captions = [f"caption {i}" for i in range(400)]
    made = sde.EmbeddingSet.from_arrays(image, text, captions=captions)
    return made.save(tmp_path_factory.mktemp("sets") / "small")


@pytest.mark.parametrize(
    "command", [["spectrum"], ["report", "--output", "r.html"], ["evaluate", "--embeddings"]]
)
def test_a_budget_too_small_for_one_chunk_is_one_sentence(small, command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*command, str(small), "--memory", "1M"]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "memory must be at least" in said
    assert "got 1 MiB: give more, or" in said


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_spectra_of_a_set_larger_than_the_budget_keep_it(tmp_path, monkeypatch):
    # A copy in float64 would break the limit; rows are read in blocks.
    monkeypatch.setattr(memory, "_LIBRARIES", 160 << 20)
    monkeypatch.setattr(memory, "_OF_CORE", 0)
    vectors = np.random.default_rng(0).standard_normal((140_000, 256), dtype=np.float32).astype(np.float16)
    np.save(tmp_path / "image.npy", vectors)
    command = [
        "spectrum",
        f"{tmp_path / 'image.npy'},{tmp_path / 'image.npy'}",
        "--modality",
        "image",
        "--memory",
        "64M",
    ]
    assert vectors.size * 8 > (64 << 20) + memory._LIBRARIES
    assert main(command) == 0
    # The same limit, and work that does not keep to it.
    monkeypatch.setattr(spectrum, "compute_spectrum", lambda rows, **_: rows.astype(np.float64))
    assert main(command) == 2


def test_what_is_no_size_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["spectrum", "emoji", "--memory", "much"])
    assert "memory must be a size such as 2G or 800M" in " ".join(capsys.readouterr().err.split())
