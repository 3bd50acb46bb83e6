"""Matrices that the tests of numbers about spaces share."""

import torch
from hypothesis import settings
from hypothesis import strategies as st

CHECK = settings(deadline=None, derandomize=True, max_examples=25)


# Sums of a few hundred float64 products: 1e-10 leaves four digits of room above their rounding.
EXACT = {"rtol": 1e-10, "atol": 1e-10}


seeds = st.integers(0, 2**31)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(n, seed=0):
    return torch.linalg.qr(normal(n, n, seed=seed))[0]


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


def pairs(m=60, n=8, seed=0):
    image = normal(m, n, seed=seed) + 1
    return image, image + 0.5 * normal(m, n, seed=seed + 1)
