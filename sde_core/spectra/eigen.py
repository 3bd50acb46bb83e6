"""Eigenvectors of small symmetric matrices, on one thread."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.threads import one_thread

# Up to this width two threads gain nothing, and on a busy machine they wait for each other: an eigendecomposition of
# 192 columns took 3 ms on one thread and up to 4 s on two.
ONE_THREAD = 512


def symmetric_eigen(matrix: Float[Tensor, "n n"]) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, ascending, and eigenvectors in columns; only the lower triangle is read.

    Args:
        matrix: (n, n) symmetric.
    """
    if matrix.is_cpu and len(matrix) <= ONE_THREAD:
        with one_thread():
            values, vectors = torch.linalg.eigh(matrix)
    else:
        values, vectors = torch.linalg.eigh(matrix)
    return values, vectors
