"""A look at drawn rows, for tests of what becomes of looks."""

import torch

from sde_core.training.monitoring.measurement import measured_look


def a_look(step):
    """Return a look with every field."""
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
    return measured_look(
        step, rows, rows.flip(1), logit_scale=10.0, scalars={"loss": step / 7}, remarks=("odd",)
    )
