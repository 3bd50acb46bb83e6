"""Whitened agreement against its loop, at its ends, on bad batches."""

import numpy as np
import pytest
import torch

from sde_core.losses import (
    whitened_agreement,
)
from tests.sde_core.losses.terms.rows import rows


def loop_whitened_agreement(x, y, shrinkage, by):
    """By symmetric roots where both share one covariance: the cosine must not depend on the root."""
    centred = [z - z.mean(0) for z in (x, y)]
    covariances = [z.T @ z / len(z) for z in centred]
    if by == "both":
        covariances = [sum(covariances) / 2] * 2
    whitened = []
    for z, s in zip(centred, covariances, strict=True):
        s = s + shrinkage * np.trace(s) / len(s) * np.eye(len(s))
        if by == "both":
            values, vectors = np.linalg.eigh(s)
            whitened.append(z @ vectors @ np.diag(values**-0.5) @ vectors.T)
        else:
            whitened.append(np.array([np.linalg.solve(np.linalg.cholesky(s), row) for row in z]))
    cosines = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(*whitened, strict=True)]
    return 2 - 2 * np.mean(cosines)


@pytest.mark.parametrize("by", ["each", "both"])
@pytest.mark.parametrize(("m", "n", "shrinkage"), [(40, 5, 0.01), (4, 9, 0.3)])
def test_whitened_agreement_is_the_loop(m, n, shrinkage, by):
    x, y = rows(m, n), rows(m, n, seed=1)
    expected = loop_whitened_agreement(x.numpy(), y.numpy(), shrinkage, by)
    assert float(whitened_agreement(x, y, shrinkage=shrinkage, by=by)) == pytest.approx(expected, rel=1e-10)
    single = whitened_agreement(x.float(), y.float(), shrinkage=shrinkage, by=by)
    assert float(single) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("by", ["each", "both"])
def test_whitened_agreement_at_its_ends_and_by_differences(by):
    x, y = rows(200, 4), rows(200, 4, seed=1)
    assert float(whitened_agreement(x, x, by=by)) == pytest.approx(0, abs=1e-12)
    assert float(whitened_agreement(x, -x, by=by)) == pytest.approx(4)
    assert float(whitened_agreement(x, y, by=by)) == pytest.approx(2, abs=0.3)
    # A shift of a modality, and one map of both, are nothing to it: only what is left after whitening counts.
    mapped = torch.tensor([[3.0, 1, 0, 0], [0, 1, 2, 0], [0, 0, 5, 1], [0, 0, 0, 4]], dtype=torch.float64)
    before = whitened_agreement(x, y, shrinkage=1e-12, by=by)
    after = whitened_agreement(x @ mapped + 7, y @ mapped, shrinkage=1e-12, by=by)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)
    few = rows(8, 4).requires_grad_(), rows(8, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: whitened_agreement(a, b, shrinkage=0.1, by=by), few)


@pytest.mark.parametrize("bad", ["zeros", "equal rows", "one row", "rank 1"])
@pytest.mark.parametrize("by", ["each", "both"])
def test_whitened_agreement_of_bad_batches_is_finite(bad, by):
    x, y = rows(6, 4, dtype=torch.float32), rows(6, 4, seed=1, dtype=torch.float32)
    if bad == "zeros":
        x = torch.zeros(6, 4)
    elif bad == "equal rows":
        x = x[:1].repeat(6, 1)
    elif bad == "one row":
        x, y = x[:1], y[:1]
    else:
        x = x[:, :1] @ x[:1]
    pair = x.requires_grad_(), y.requires_grad_()
    value = whitened_agreement(*pair, by=by)
    assert 0 <= float(value) <= 4
    assert all(torch.isfinite(slope).all() for slope in torch.autograd.grad(value, pair))
