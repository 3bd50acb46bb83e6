"""Several gloo ranks are one process on the whole batch: value and averaged gradient, whatever the split."""

from pathlib import Path

import pytest
import torch

from sde_core.losses import distributed
from tests.sde_core.losses.forked import run_ranks

SCRIPT = Path(__file__).with_name("ranks.py")
CASES = [
    "noise", "adversarial", "centred, remembered", "captured, noise band", "marked", "a user's own", "barlow",
    "vicreg", "fanoise", "one in another", "several", "open_clip's", "open_clip's siglip",
    "open_clip's siglip, gathered", "in blocks", "siglip in blocks",
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    if not torch.distributed.is_available():
        pytest.skip("torch is built without distributed")
    folder = tmp_path_factory.mktemp("ranks")
    run_ranks(SCRIPT, folder)
    return torch.load(folder / "found.pt", weights_only=True)


def test_every_case_ran_with_every_split_and_order(found):
    assert {name for name, _ in found[1]} == set(CASES)
    for world, even, uneven in ((2, (6, 6), (7, 5)), (3, (4, 4, 4), (1, 6, 5))):
        ran = {key for key in found[world] if len(key) == 4}
        for name in CASES:
            orders = {(name, even, parts, order) for parts in (1, 2) for order in ("before", "after")}
            assert orders <= ran
            assert ((name, uneven, 1, "after") in ran) is not name.startswith("open_clip")


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_ranks_are_one_process_on_the_whole_batch(found, case, world):
    """For shares of a batch x parts of a step x loss built before or after the group of processes."""
    for key in [key for key in found[world] if len(key) == 4 and key[0] == case]:
        value, gradient, scale = found[world][key]
        parts = key[2]
        expected, expected_gradient, expected_scale = found[1][case, parts]
        # float64 sums in another order, through a decomposition with gaps of a few percent
        torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-10, msg=f"{key}: value")
        torch.testing.assert_close(gradient, expected_gradient, rtol=1e-8, atol=1e-9, msg=f"{key}: gradient")
        torch.testing.assert_close(scale, expected_scale, rtol=1e-8, atol=1e-9, msg=f"{key}: temperature")
        assert float(gradient.norm()) > 1e-3


@pytest.mark.parametrize("case", CASES)
def test_parts_of_a_step_add_up_to_the_whole_step(found, case):
    torch.testing.assert_close(found[1][case, 2][1], found[1][case, 1][1], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("world", [2, 3])
def test_a_clip_loss_without_gathered_gradient_keeps_open_clips_scale(found, world):
    """Its averaged gradient is the whole batch's over the world size, and the spectral terms follow."""
    _, gradient, _ = found[world]["clip without gathered gradient"]
    torch.testing.assert_close(world * gradient, found[1]["open_clip's", 1][1], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("world", "sizes"), [(2, (7, 5)), (3, (1, 6, 5))])
@pytest.mark.parametrize("case", [c for c in CASES if c.startswith("open_clip")])
def test_what_cannot_take_unlike_shares_says_their_sizes(found, case, world, sizes):
    said = found[world]["refused", case, sizes]
    assert f"got {', '.join(map(str, sizes))} rows by rank: drop the last batch" in said


@pytest.mark.parametrize("world", [2, 3])
def test_a_rank_without_rows_is_refused_on_every_rank(found, world):
    assert f"got (0, 6) and (0, 6) on rank {world - 1}" in found[world]["no rows on the last"]


@pytest.mark.parametrize("world", [2, 3])
def test_a_loss_that_knows_nothing_of_ranks_is_told_of_once(found, world):
    (said,) = found[world]["said of a local loss"]
    assert said.startswith(
        f"OwnInfoNCE says nothing of ranks, so it may see the {12 // world} rows of this process"
    )


def test_alone_there_is_one_rank_with_all_rows():
    assert (distributed.world_size(), distributed.rank()) == (1, 0)
    shares = distributed.shares_of(torch.ones(5, 2), torch.ones(5, 2))
    assert (shares.sizes, shares.rank, shares.mine) == ((5,), 0, slice(0, 5))
    rows = torch.ones(5, 2)
    assert distributed.gather_rows(rows, shares) is rows


def test_rows_of_a_rank_follow_those_of_the_ranks_before_it():
    shares = [distributed.Shares(sizes=(3, 1, 4), rank=rank) for rank in range(3)]
    assert [each.mine for each in shares] == [slice(0, 3), slice(3, 4), slice(4, 8)]
    assert (shares[0].world, shares[0].total, shares[0].is_even) == (3, 8, False)
