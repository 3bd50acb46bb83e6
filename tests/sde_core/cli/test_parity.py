"""`sde parity`: what it prints and the exit code."""

import json

import numpy as np
import pytest

from sde_core.cli.main import main


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32)
    np.save("image.npy", x)
    np.save("image_again.npy", x)
    np.save("image_half.npy", x.astype(np.float16))
    np.save("image_few.npy", x[:5])
    return x


def test_the_exit_code_says_whether_the_space_is_the_same(files, capsys):
    assert main(["parity", "image.npy", "image_again.npy"]) == 0
    assert "identical (100 % sure, 60 rows)" in capsys.readouterr().out
    assert main(["parity", "image.npy", "image_half.npy", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["bits"], found["is_same"]) == ("quantised", 11, False)
    assert main(["parity", "image.npy", "image_half.npy", "--allow", "quantised"]) == 0
    assert "float16 (11 significant bits)" in capsys.readouterr().out
    assert main(["parity", "image_few.npy", "image_few.npy"]) == 3


def test_what_cannot_be_compared_ends_in_one_sentence(files, capsys):
    assert main(["parity", "image.npy", "image_few.npy"]) == 2
    assert "got 60 and 5 rows" in capsys.readouterr().err
    assert main(["parity", "image.npy", "image.npy", "--allow", "sameish"]) == 2
    assert "--allow must name verdicts" in capsys.readouterr().err
