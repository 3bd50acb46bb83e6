import torch

from sde_core.treatments import matrix_map as module
from sde_core.treatments.matrix_map import MatrixMap
from tests.sde_core.treatments.clouds import normal


def test_blocks_change_nothing_and_the_dtype_stays(monkeypatch):
    move = MatrixMap(
        name="x", mean=normal(4), matrix=normal(4, 3, seed=1), shift=normal(3, seed=2), unit=True
    )
    rows = normal(20, 4, seed=3)
    whole = move(rows)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(20, dtype=torch.float64))
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    torch.testing.assert_close(move(rows), whole)
    assert move(rows.float()).dtype == torch.float32
