"""Rows with a chosen spectrum, in float64."""

import numpy as np
import torch


def rows(m=12, n=5, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(m, n, generator=generator, dtype=torch.float64)
    return (x / x.norm(dim=1, keepdim=True)).to(dtype)


def with_spectrum(values, m, n, seed=0):
    """(m, n) rows with exactly these singular values."""
    generator = torch.Generator().manual_seed(seed)
    left = torch.linalg.qr(torch.randn(m, m, generator=generator, dtype=torch.float64)).Q[:, : len(values)]
    right = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q[:, : len(values)]
    return left * torch.tensor(values, dtype=torch.float64) @ right.T


def numpy_svd(x):
    return np.linalg.svd(np.asarray(x, dtype=np.float64), full_matrices=False)
