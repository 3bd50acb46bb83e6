"""The example in docs/ runs: open_clip's own loop, with and without gradient accumulation."""

import importlib.util
from pathlib import Path

import pytest

import sde_core as sde

SCRIPT = Path(__file__).parents[3] / "docs" / "examples" / "train_open_clip.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("train_open_clip", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_open_clips_loop_learns_with_sde_loss(example, capsys):
    report = example.main(["--epochs", "6"])
    assert report["after"] > 3 * max(report["before"], 1 / 24)
    assert report["steps"] == 6 * 8
    assert report["progress"] == 1.0
    assert report["alpha"] == pytest.approx(0.05)
    assert "after" in capsys.readouterr().out


@pytest.mark.parametrize("loss", ["sde", "clip"])
def test_gradient_accumulation_and_plain_clip_run_through_the_same_script(example, loss):
    report = example.main(["--epochs", "1", "--accum-freq", "4", "--loss", loss])
    assert 0.0 <= report["after"] <= 1.0
    if loss == "sde":
        assert report["steps"] == 2


@pytest.mark.parametrize("loss", ["sde", "clip"])
@pytest.mark.parametrize("parts", [1, 4])
def test_open_clips_loop_is_watched_by_one_line(loss, parts, example, tmp_path):
    example.main(["--epochs", "2", "--accum-freq", str(parts), "--loss", loss, "--watch", str(tmp_path)])
    looks = sde.read_looks(tmp_path)
    steps = 2 * 8 // parts
    assert looks[-1].step == steps
    assert all(look.step % (8 // parts) == 0 for look in looks)
    assert looks[-1].logit_scale == pytest.approx(1 / 0.07, rel=0.05)
