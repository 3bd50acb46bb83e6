"""VICReg against its loop, and the rivals' gradients."""

import math

import numpy as np
import pytest
import torch

from sde_core.losses import (
    barlow_twins,
    vicreg,
)
from tests.sde_core.losses.terms.rows import rows


def test_vicreg_is_the_loop():
    x, y = rows(20, 4), rows(20, 4, seed=1)
    a, b = 2 * x.numpy(), 2 * y.numpy()  # sqrt(4)
    same = sum((a[i, j] - b[i, j]) ** 2 for i in range(20) for j in range(4)) / 80
    spread = mixed = 0.0
    for z in (a, b):
        covariance = sum(np.outer(r - z.mean(0), r - z.mean(0)) for r in z) / 19
        spread += sum(max(0.0, 1 - math.sqrt(covariance[i, i] + 1e-4)) for i in range(4)) / 4 / 2
        mixed += sum(covariance[i, j] ** 2 for i in range(4) for j in range(4) if i != j) / 4
    assert float(vicreg(x, y)) == pytest.approx(25 * same + 25 * spread + mixed, rel=1e-12)


@pytest.mark.parametrize("term", [barlow_twins, vicreg])
def test_the_gradients_of_the_rivals_by_differences(term):
    x, y = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(term, (x, y), atol=1e-4, rtol=1e-4)
