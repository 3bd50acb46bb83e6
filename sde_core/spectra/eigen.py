"""Eigenvectors of small symmetric matrices, on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor

# Up to this width two threads gain nothing, and on a busy machine they wait for each other: an eigendecomposition of
# 192 columns took 3 ms on one thread and up to 4 s on two.
_ONE_THREAD = 512


def symmetric_eigen(matrix: Float[Tensor, "n n"]) -> tuple[Tensor, Tensor]:
    """Return eigenvalues, ascending, and eigenvectors in columns; only the lower triangle is read.

    Args:
        matrix: (n, n) symmetric.
    """
    if matrix.is_cpu and len(matrix) <= _ONE_THREAD:
        with _one_thread():
            values, vectors = torch.linalg.eigh(matrix)
    else:
        values, vectors = torch.linalg.eigh(matrix)
    return values, vectors


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let this thread compute on one core; a thread that starts to compute meanwhile keeps to one as well."""
    before = torch.get_num_threads()
    if before == 1:  # setting it again would have every thread that starts later keep to one for good
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
