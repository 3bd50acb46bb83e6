"""Matrices whose signal is known: spikes in noise, one generator for every test of the partition."""

import math

import numpy as np


def orthonormal(r, rows, columns):
    return np.linalg.qr(r.standard_normal((rows, columns)))[0]


def spikes(seed, m, n, strengths, noise=1.0):
    """Return (m, n): strengths (k,) in y units (singular values over sqrt(max(m, n))) in noise of a scale."""
    r = np.random.default_rng(seed)
    k = len(strengths)
    left, right = orthonormal(r, m, k), orthonormal(r, n, k)
    signal = (left * np.asarray(strengths) * math.sqrt(max(m, n))) @ right.T
    return signal + r.standard_normal((m, n)) * noise


def heteroscedastic(seed, m=1024, n=256, k=20):
    """Return the matrix of the table in docs/method.md: 20 spikes, columns of noise of uneven size."""
    r = np.random.default_rng(seed)
    left, right = orthonormal(r, m, k), orthonormal(r, n, k)
    scales = np.exp(r.uniform(math.log(0.3), math.log(3), n))
    return (left * np.linspace(4, 10, k) * math.sqrt(m)) @ right.T + r.standard_normal((m, n)) * scales
