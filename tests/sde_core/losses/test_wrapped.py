"""FSDP, compiled models and losses, no_sync: two gloo ranks have one process' gradient, whatever wraps what."""

from pathlib import Path

import pytest
import torch

from tests.sde_core.losses.forked import run_ranks

SCRIPT = Path(__file__).with_name("wrapped_ranks.py")
WRAPS = ["fsdp", "fsdp, compiled loss", "ddp, compiled model", "ddp, compiled loss"]
BASES = ["ours", "open_clip's", "open_clip's siglip", "a user's own"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    if not torch.distributed.is_available():
        pytest.skip("torch is built without distributed")
    folder = tmp_path_factory.mktemp("wrapped")
    run_ranks(SCRIPT, folder)
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
