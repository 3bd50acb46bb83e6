"""`sde compress` and `sde gap`: tables, a recommendation, a map on disk."""

import json

import faiss
import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.named import open_named
from sde_core.treatments.compression.axes import CompressionMap

SMALL = ["--fit-on", "clipart/train", "--widths", "64", "--axes", "own,pca", "--codes", "int8"]


def test_a_map_is_written_and_the_rows_are_told(tmp_path, capsys):
    file = tmp_path / "map.safetensors"
    words = ["compress", "clipart/val", *SMALL, "--json", "--keep", "pca:64", "--output", str(file)]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(r["axes"], r["width"], r["code"]) for r in found["rows"]] == [
        ("own", 192, "float32"), ("own", 64, "int8"), ("pca", 64, "int8"),
    ]  # fmt: skip
    assert found["recommendation"]
    assert CompressionMap.load(file).width == 64


def test_a_large_set_is_asked_by_some_queries_and_read_in_blocks(capsys, monkeypatch):
    words = ["compress", "clipart/val", *SMALL, "--json"]
    assert main(words) == 0
    whole = json.loads(capsys.readouterr().out)["rows"]
    assert main([*words, "--queries", "0"]) == 0
    for row, other in zip(json.loads(capsys.readouterr().out)["rows"], whole, strict=True):
        assert row["recall"] == pytest.approx(other["recall"], abs=1e-9)
    monkeypatch.setattr("sde_core.cli.compress.MOST_IN_MEMORY", 100)
    monkeypatch.setattr("sde_core.cli.compress.N_QUERIES", 90)
    monkeypatch.setattr("sde_core.cli.compress.MOST_FITTED", 500)
    assert main(words[:-1]) == 0
    said = capsys.readouterr().out
    assert "clipart/val, 90 texts and images ask, fitted on clipart/train" in said
    assert main([*words, "--queries", "-1"]) == 2
    assert "queries must be at least 0" in capsys.readouterr().err


def test_an_index_of_a_code_is_written_with_the_map_before_it(tmp_path, capsys):
    file = tmp_path / "pca.faiss"
    small = ["compress", "clipart/val", "--fit-on", "clipart/train", "--widths", "16", "--axes", "pca"]
    words = [*small, "--codes", "int8", "--keep", "pca:16:int8", "--output"]
    assert main([*words, str(file)]) == 0
    index = faiss.read_index(str(file))
    assert (index.d, index.index.d, index.index.sa_code_size()) == (192, 16, 16)
    assert main([*words, str(tmp_path / "pca.safetensors")]) == 2
    assert "must end in .faiss where --keep names a code, int8" in capsys.readouterr().err
    assert main([*small, "--keep", "pca:16:int4", "--output", str(file)]) == 2
    assert "got 'pca:16:int4'" in capsys.readouterr().err


def test_an_index_is_filled_with_a_set_in_blocks(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sde_core.treatments.compression.codes.FILL_ROWS", 100)  # of 257
    file = str(tmp_path / "full.faiss")
    small = ["compress", "clipart/val", "--fit-on", "clipart/train", "--widths", "16", "--axes", "pca"]
    words = [*small, "--codes", "int8", "--add", "clipart/val", "--keep", "pca:16:int8", "--output"]
    assert main([*words, file]) == 0
    index, rows = faiss.read_index(file), np.float32(open_named("clipart/val").image)
    assert index.ntotal == len(rows) == 257
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    whole = faiss.read_index(file)
    whole.reset()
    whole.add(rows)
    _, found = index.search(rows[:9], 5)
    np.testing.assert_array_equal(found, whole.search(rows[:9], 5)[1])
    assert (found[:, 0] == np.arange(9)).mean() > 0.5  # most rows find themselves first
    assert main([*words, str(tmp_path / "map.safetensors")]) == 2
    assert "--add fills an index" in capsys.readouterr().err


def test_what_does_not_fit_ends_in_one_sentence(capsys):
    assert main(["compress", "clipart/val", "--fit-on", "clipart/val"]) == 2
    assert "must be another split" in capsys.readouterr().err
    assert main(["compress", "clipart/val", *SMALL, "--keep", "pca:64"]) == 2
    assert "must be given together" in capsys.readouterr().err
    assert main(["compress", "clipart/val", "--fit-on", "clipart/train", "--widths", "half"]) == 2
    assert "got 'half'" in capsys.readouterr().err


def test_the_parts_of_the_gap_add_up_in_json_and_lists_are_mixed(capsys):
    words = ["gap", "clipart/test", "--fit-on", "clipart/train", "--baselines", "mean-shift", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    parts = [found[name] for name in ("centroid", "trace", "covariance", "rotation")]
    assert sum(parts) == pytest.approx(found["frechet_squared"], abs=1e-10)
    assert sum(map(sum, found["bands"].values())) == pytest.approx(found["frechet_squared"], abs=1e-10)
    assert set(found["mixed"]) == {"raw", "mean-shift"}
    assert main(["gap", "clipart/test", "--fit-on", "clipart/train", "--baselines", "csls"]) == 2
    assert "csls only scores" in capsys.readouterr().err


def test_without_second_captions_no_list_is_mixed_and_the_remedy_is_said(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(2, 30, 192)).astype("f")
    one = sde.EmbeddingSet.from_arrays(*x, captions=[f"thing {i}" for i in range(30)]).save(tmp_path / "one")
    assert main(["gap", str(one), "--fit-on", "clipart/train"]) == 2
    said = capsys.readouterr().err
    assert "must have images with two captions, one to ask and one to find; leave out --fit-on" in said
