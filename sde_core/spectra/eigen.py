"""Decompositions of small matrices, on one thread: faster on a busy machine, and the same bits on any."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.threads import one_thread

# Up to this width two threads gain nothing, and on a busy machine they wait for each other: an eigendecomposition of
# 192 columns took 3 ms on one thread and up to 4 s on two.
ONE_THREAD = 512
SMALL = 1 << 18
"""Entries up to which a matrix is decomposed on one thread, which takes milliseconds."""


def symmetric_eigen(matrix: Float[Tensor, "n n"]) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, ascending, and eigenvectors in columns; only the lower triangle is read.

    Args:
        matrix: (n, n) symmetric.
    """
    with few_threads(matrix):
        values, vectors = torch.linalg.eigh(matrix)
    return values, vectors


def symmetric_eigenvalues(matrix: Float[Tensor, "n n"]) -> Float[Tensor, " n"]:
    """Return the eigenvalues, ascending; only the lower triangle is read.

    Args:
        matrix: (n, n) symmetric.
    """
    with few_threads(matrix):
        values: Tensor = torch.linalg.eigvalsh(matrix)
    return values


def thin_svd(matrix: Float[Tensor, "m n"]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the left vectors in columns, the singular values, descending, and the right vectors in rows.

    Args:
        matrix: (m, n), on any device.
    """
    with few_threads(matrix):
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    return left, values, right


def singular_values(matrix: Float[Tensor, "m n"]) -> Float[Tensor, " k"]:
    """Return the singular values, descending.

    Args:
        matrix: (m, n), on any device.
    """
    with few_threads(matrix):
        values: Tensor = torch.linalg.svdvals(matrix)
    return values


def few_threads(matrix: Tensor) -> AbstractContextManager[None]:
    """Keep to one thread for a small matrix on the CPU: LAPACK adds up in the order that its threads have.

    Args:
        matrix: what is about to be decomposed.
    """
    is_small = matrix.is_cpu and min(matrix.shape) <= ONE_THREAD and matrix.numel() <= SMALL
    return one_thread() if is_small else nullcontext()
