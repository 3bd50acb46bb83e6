"""Spectral noise against its loop."""

import math

import numpy as np
import torch

from sde_core.losses.decomposition import decompose
from sde_core.losses.fanoise import spectral_noise
from tests.sde_core.losses.terms.rows import with_spectrum


def test_spectral_noise_is_the_loop_and_strongest_along_strong_directions():
    x = with_spectrum([9.0, 4.0, 1.0], 10, 5)
    spectrum = decompose(x)
    normal = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    root = [3.0, 2.0, 1.0]
    expected = np.zeros((4, 5))
    for b in range(4):
        for i in range(3):
            step = 0.2 / math.sqrt(5) * float(normal[b, i]) * root[i] / 2.0
            expected[b] += step * spectrum.basis[:, i].numpy()
    np.testing.assert_allclose(spectral_noise(normal, spectrum, rho=0.2), expected, rtol=0, atol=1e-12)
