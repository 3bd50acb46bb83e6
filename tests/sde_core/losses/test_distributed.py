"""Two gloo ranks are one rank on the concatenated batch: value and averaged gradient."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name("two_ranks.py")
CASES = [
    "noise", "adversarial", "centred, remembered", "captured, noise band", "siglip",
    "clip without gathered gradient", "barlow", "vicreg", "fanoise",
]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict]:
    if not torch.distributed.is_available():
        pytest.skip("torch is built without distributed")
    folder = tmp_path_factory.mktemp("ranks")
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), str(world), folder / "meeting", folder / f"{world}.pt"],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, world in ((0, 1), (0, 2), (1, 2))
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    return {world: torch.load(folder / f"{world}.pt", weights_only=True) for world in (1, 2)}


def test_every_case_ran(results):
    assert list(results[1]) == list(results[2]) == CASES


@pytest.mark.parametrize("case", CASES)
def test_two_ranks_are_one_on_the_whole_batch(results, case):
    value, gradient = results[2][case]
    expected, expected_gradient = results[1][case]
    # float64 sums in another order, through a decomposition with gaps of a few percent
    torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-10)
    if case == "clip without gathered gradient":
        # open_clip's own averaged gradient is then the whole batch's over the world size: ours keeps to it
        gradient = 2 * gradient
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-8, atol=1e-9)
    assert float(gradient.norm()) > 1e-3
