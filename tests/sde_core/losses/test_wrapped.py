"""FSDP, compiled models and losses, no_sync: two gloo ranks have one process' gradient, whatever wraps what."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("wrapped_ranks.py")
WRAPS = ["fsdp", "fsdp, compiled loss", "ddp, compiled model", "ddp, compiled loss"]
BASES = ["ours", "open_clip's", "open_clip's siglip", "a user's own"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    if not torch.distributed.is_available():
        pytest.skip("torch is built without distributed")
    folder = tmp_path_factory.mktemp("wrapped")
    environment = os.environ | {
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    running = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), folder], env=environment, stderr=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]
    return torch.load(folder / "found.pt", weights_only=True)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("wrap", WRAPS)
def test_two_ranks_have_one_process_gradient(found, wrap, base, parts):
    gradients, expected = found["found"][wrap, base, parts], found["alone"][base, parts]
    assert len(gradients) == len(expected) == 3
    for mine, one in zip(gradients, expected, strict=True):
        assert mine.shape == one.shape
        assert float(one.norm()) > 1e-3
        # float64 sums in another order, through a decomposition with gaps of a few percent
        torch.testing.assert_close(mine, one, rtol=1e-8, atol=1e-9)


def test_nothing_else_ran(found):
    assert set(found["found"]) == {(w, b, p) for w in WRAPS for b in BASES for p in (1, 2)}
