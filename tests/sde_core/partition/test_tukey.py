"""The fence is numpy's quartiles and one and a half of what lies between them."""

import numpy as np
import pytest
import torch

from sde_core.partition.tukey import tukey_fence


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 50])
def test_the_fence_is_that_of_numpy(n):
    values = np.random.default_rng(n).normal(size=n)
    low, high = np.quantile(values, [0.25, 0.75])
    assert tukey_fence(torch.from_numpy(values)) == pytest.approx(high + 1.5 * (high - low), rel=1e-12)
