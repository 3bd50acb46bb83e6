"""`sde series`: real checkpoints of a tiny encoder, encoded once, gone on with, read by `sde watch`."""

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

import sde_core as sde
from sde_core.cli.main import main
from tests.sde_core.training.conftest import *  # noqa: F403  (its fixtures)

_WEIGHTS = "open_clip_model.safetensors"


@pytest.fixture
def run(tiny_encoder_folder, tmp_path):
    """Three checkpoints: the start, nearly the start, and one whose picture tower is blind."""
    for step, factor in ((1, 1.0), (2, 1.02), (3, 0.0)):
        folder = tmp_path / "run" / f"checkpoint-{step}"
        shutil.copytree(tiny_encoder_folder, folder)
        weights = load_file(folder / _WEIGHTS)
        weights["visual.conv1.weight"] = factor * weights["visual.conv1.weight"]
        save_file(weights, folder / _WEIGHTS)
    return tmp_path / "run"


def _ages(folder):
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("sets/*/image.npy")}


def test_checkpoints_are_encoded_once_and_what_moved_is_said(run, shape_shard, tmp_path, capsys):
    out = tmp_path / "series"
    words = ["series", str(run), "--pairs", str(shape_shard), "--output", str(out), "--device", "cpu"]
    assert main([*words, "--json"]) == 0
    first, second, blind = json.loads(capsys.readouterr().out)["points"]
    assert first["cka"]["image"] == pytest.approx(1)
    assert second["cka"]["image"] > 0.95
    assert second["cka"]["text"] == pytest.approx(1)  # its tower is the same
    assert max(second["angles"]["text"]) < 1e-3
    assert not blind["look"]["singular_values"]["image"]  # all pictures are one vector
    assert blind["angles"]["image"] == []
    assert json.loads((out / "series.json").read_text())["points"][1] == second
    # The same command does nothing twice; a checkpoint that changed is encoded again, the others are not.
    before = _ages(out)
    weights = load_file(run / "checkpoint-2" / _WEIGHTS)
    save_file({**weights, "logit_scale": weights["logit_scale"] + 1}, run / "checkpoint-2" / _WEIGHTS)
    assert main(words) == 0
    assert "3 checkpoints at 48 pairs, each against checkpoint-1" in capsys.readouterr().out
    after = _ages(out)
    assert [name for name in before if before[name] != after[name]] == ["checkpoint-2"]
    # One look a checkpoint, also after the second time; other views read it as a run.
    assert [look.step for look in sde.read_looks(out)] == [1, 2, 3]
    assert len(list(out.glob("looks-*.arrow"))) == 1
    main(["watch", str(out), "--once"])
    assert "3 looks at 48 pairs" in capsys.readouterr().out


def test_what_cannot_be_used_is_a_sentence(run, shape_shard, tmp_path, capsys):
    words = ["--pairs", str(shape_shard), "--output", str(tmp_path / "series")]
    assert main(["series", str(tmp_path), *words]) == 2
    assert "at least two checkpoints" in capsys.readouterr().err
    assert main(["series", str(run), *words, "--rule", "wild"]) == 2
    assert "rule must be one of" in capsys.readouterr().err
