"""A modality moves where two samples of one distribution differ by less: a test of the stated level."""

from dataclasses import replace

import numpy as np
import torch

from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.motion import moved

N = 256


def _side(seed, *, shift=0.0, sizes=None):
    rows = torch.randn(N, 24, generator=torch.Generator().manual_seed(seed))
    rows = rows * torch.linspace(3, 1, 24) if sizes is None else rows * sizes
    rows[:, 3] += shift
    return measured_look(1, rows, rows).image


def test_samples_of_one_distribution_stand_still_as_often_as_the_level_says():
    """One in a thousand of each of two tests moves: of 20 pairs at most one, at 1 in 1,000 (Poisson)."""
    sides = [_side(seed) for seed in range(40)]
    moves = [moved(a, b, N, N) for a, b in zip(sides[::2], sides[1::2], strict=True)]
    assert sum(moves) <= 1


def test_another_mean_and_other_sizes_move():
    still = _side(1000)
    assert moved(still, _side(1001, shift=2.0), N, N)
    assert moved(still, _side(1002, sizes=torch.linspace(3, 0.1, 24)), N, N)


def test_what_is_unknown_does_not_move():
    side = _side(0)
    assert not moved(side, None, N, N)
    assert not moved(side, replace(side, mean=np.zeros(3, np.float32)), N, N)
