"""`sde similarity`: what it prints, and the best of several."""

import json

import numpy as np
import pytest

from sde_core.cli.main import main


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 8)).astype(np.float32)
    np.save("image_a.npy", x)
    np.save("image_turned.npy", np.float32(x @ np.linalg.qr(rng.normal(size=(8, 8)))[0]))
    np.save("image_other.npy", rng.normal(size=(40, 8)).astype(np.float32))
    np.save("image_few.npy", x[:9])


def test_the_best_of_several_is_named(files, capsys):
    words = [
        "similarity",
        "image_a.npy",
        "image_other.npy",
        "image_turned.npy",
        "--measures",
        "procrustes,rsa",
    ]
    assert main([*words, "--permutations", "19", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(r["measure"], r["best"], r["p_value"]) for r in found] == [
        ("procrustes", "image_turned.npy", 0.05),
        ("rsa", "image_turned.npy", 0.05),
    ]
    assert main([*words, "--permutations", "19", "--rows", "30"]) == 0
    assert "30 items" in capsys.readouterr().out


def test_other_items_are_refused(files, capsys):
    assert main(["similarity", "image_a.npy", "image_few.npy"]) == 2
    assert "got [9, 40] image rows" in capsys.readouterr().err
