"""The example in docs/ runs: open_clip's own loop, with and without gradient accumulation."""

import importlib.util
from pathlib import Path

import pytest

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
