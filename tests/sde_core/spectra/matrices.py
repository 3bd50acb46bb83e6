"""Matrices and what their spectra must rebuild."""

import math

import numpy as np
import torch

EPS = np.finfo(np.float64).eps


CENTERS = (None, "mean")


def spread(m, n, seed=0, *, rank=None, mean=0.0, decay=0.0):
    """Return an (m, n) matrix of chosen rank whose rows lie around a mean."""
    r = np.random.default_rng(seed)
    rank = min(m, n) if rank is None else rank
    scale = np.exp(-decay * np.arange(rank))
    return (r.standard_normal((m, rank)) * scale) @ r.standard_normal((rank, n)) + mean


def rebuilt(spectrum):
    """Return the Gram matrix of the (centred) rows that the spectrum stands for."""
    return (spectrum.basis * spectrum.energies) @ spectrum.basis.T


def gram_of(x, center):
    x = np.asarray(x, np.float64)
    x = x - x.mean(axis=0) if center else x
    return torch.from_numpy(x.T @ x)


def gram_tolerance(x):
    # A sum of m products rounds by at most m eps of its size, eigh by n eps; what the cut drops is as large.
    m, n = x.shape
    return 8 * EPS * (m + n) * float(np.square(np.asarray(x, np.float64)).sum()) + 1e-300


def covariance(x, y, center):
    if center:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return x.T @ y / len(x)


def rebuilt_cross(found):
    return (found.image_basis * found.singular_values) @ found.text_basis.T


def cross_tolerance(x, y):
    # A mean of m products, rounded as a sum of m terms; the SVD adds max(n, p) eps.
    size = math.sqrt(np.square(x).sum() * np.square(y).sum()) / len(x)
    return 4 * EPS * (len(x) + x.shape[1] + y.shape[1]) * size
