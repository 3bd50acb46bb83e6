"""Clouds of rows, and every baseline with its options."""

import torch

import sde_core as sde

# float64 products of a few dozen terms, and a whitening that divides by the smallest deviation.
EXACT = {"rtol": 1e-8, "atol": 1e-8}


MAPS = {
    "mean-shift": sde.fit_mean_shift,
    "all-but-the-top": sde.fit_all_but_the_top,
    "pca-truncation": lambda x: sde.fit_pca_truncation(x, n_directions=2),
    "whitening-zca": sde.fit_whitening,
    "whitening-pca": lambda x: sde.fit_whitening(x, kind="pca", shrinkage=0),
}


SCORES = {
    "csls": lambda x, y: sde.fit_csls(x, y, k=3),
    "inverted-softmax": sde.fit_inverted_softmax,
    "dynamic-inverted-softmax": sde.fit_dynamic_inverted_softmax,
    "nnn": lambda x, y: sde.fit_nnn(x, y, k=3),
}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(n, seed=0):
    return torch.linalg.qr(normal(n, n, seed=seed))[0]


def cloud(m=50, n=6, seed=0):
    """A cone: a mean, and a different deviation in every direction."""
    return (normal(m, n, seed=seed) * torch.linspace(2, 0.3, n)) @ rotation(n, seed) + 2


def aligned(m=80, n=8):
    image = cloud(m, n)
    return image, image + 0.3 * normal(m, n, seed=3) + 1
