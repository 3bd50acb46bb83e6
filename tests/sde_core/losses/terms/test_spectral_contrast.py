"""Spectral contrast against the loop, the joint SVD, finite differences, and as a part of the loss."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from sde_core.losses import DuplicateAwareLoss, SDELoss, SDELossConfig, info_nce, spectral_contrast

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def batch(m=14, n=6, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(m, n, generator=generator, dtype=torch.float64) for _ in range(2))
    return tuple(functional.normalize(z, dim=1).to(dtype) for z in (x, x + y))


def by_the_symmetric_root(x, y, scale, c):
    """Return the loss as METHOD states it: rows times C^(-1/2), a loop over pairs."""
    xc, yc = x - x.mean(0), y - y.mean(0)
    n = x.shape[1]
    both = (xc.T @ xc + yc.T @ yc) / (2 * len(x))
    energies, vectors = torch.linalg.eigh(both + c * both.trace() / n * torch.eye(n, dtype=x.dtype))
    root = vectors @ torch.diag(energies**-0.5) @ vectors.T
    total = 0.0
    rows = [[functional.cosine_similarity(a @ root, b @ root, dim=0) * scale for b in yc] for a in xc]
    scores = torch.stack([torch.stack(row) for row in rows])
    for i in range(len(x)):
        total -= functional.log_softmax(scores[i], 0)[i] + functional.log_softmax(scores[:, i], 0)[i]
    return total / (2 * len(x))


@pytest.mark.parametrize(("m", "n"), [(14, 6), (5, 12), (2, 3)])
@pytest.mark.parametrize("c", [0.1, 1e-3])
def test_it_is_the_loop_over_pairs_with_the_symmetric_root(m, n, c):
    x, y = batch(m, n)
    expected = by_the_symmetric_root(x, y, 8.0, c)
    # a covariance of condition 1 / c, inverted in float64
    torch.testing.assert_close(
        spectral_contrast(x, y, logit_scale=8.0, shrinkage=c), expected, rtol=1e-9, atol=1e-11
    )


@pytest.mark.parametrize(("m", "n"), [(14, 6), (5, 12)])
def test_it_contrasts_the_shrunk_left_singular_vectors_of_the_joint_svd(m, n):
    x, y = batch(m, n)
    c = 0.1
    joint = torch.cat([x - x.mean(0), y - y.mean(0)])
    left, values, _ = torch.linalg.svd(joint, full_matrices=False)
    shrunk = left * (values / (values.square() + c * values.square().sum() / n).sqrt())
    expected = info_nce(shrunk[:m], shrunk[m:], temperature=1 / 8.0)
    torch.testing.assert_close(
        spectral_contrast(x, y, logit_scale=8.0, shrinkage=c), expected, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("shrinkage", [0.1, 0.01])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize(("m", "n"), [(7, 4), (3, 5)])
def test_its_gradient_by_differences_passes_the_covariance_and_the_temperature(m, n, marked, shrinkage):
    x, y = (z.requires_grad_() for z in batch(m, n))
    scale = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    same = torch.zeros(m, m, dtype=torch.bool)
    same[0, 2] = marked

    def loss(x, y, scale):
        return spectral_contrast(x, y, logit_scale=scale, shrinkage=shrinkage, same=same)

    assert torch.autograd.gradcheck(loss, (x, y, scale))


@pytest.mark.parametrize(("m", "n"), [(64, 16), (16, 64)])
def test_in_float32_both_ways_to_compute_it_agree_with_float64(m, n):
    """A strong direction with 99 % of the energy: a condition of about n / c."""
    x, y = batch(m, n)
    x, y = (z + 5 * z[:, :1] for z in (x, y))
    for c in (0.1, 0.01):
        pairs = [
            [z.to(kind).detach().requires_grad_() for z in (x, y)] for kind in (torch.float64, torch.float32)
        ]
        values = [spectral_contrast(*pair, logit_scale=20.0, shrinkage=c) for pair in pairs]
        wanted, got = (torch.autograd.grad(v, pair) for v, pair in zip(values, pairs, strict=True))
        torch.testing.assert_close(values[1].double(), values[0], rtol=1e-4, atol=1e-5)
        for a, b in zip(got, wanted, strict=True):
            assert float((a - b).norm() / b.norm()) < 1e-3


def test_it_does_not_see_a_common_linear_map_but_for_the_shrinkage():
    x, y = batch(40, 5)
    stretch = torch.diag(torch.tensor([9.0, 4.0, 2.0, 1.0, 0.5], dtype=torch.float64))
    plain, stretched = (
        spectral_contrast(a, b, logit_scale=8.0, shrinkage=1e-10)
        for a, b in ((x, y), (x @ stretch, y @ stretch))
    )
    torch.testing.assert_close(plain, stretched, rtol=1e-6, atol=0)


def test_marked_pairs_are_no_negatives():
    x, y = batch(6, 4)
    everything = torch.ones(6, 6, dtype=torch.bool)
    assert float(spectral_contrast(x, y, logit_scale=8.0, same=everything)) == pytest.approx(0, abs=1e-12)
    one = torch.zeros(6, 6, dtype=torch.bool)
    one[0, 3] = True
    assert spectral_contrast(x, y, logit_scale=8.0, same=one) < spectral_contrast(x, y, logit_scale=8.0)


@pytest.mark.parametrize("m", [1, 2, 5])
@pytest.mark.parametrize("kind", ["zeros", "equal", "one modality zero", "rank one", "tiny", "huge", "twins"])
def test_batches_that_are_hardly_batches_are_finite(kind, m):
    x, y = (z.float() for z in batch(m, 8))
    if kind == "zeros":
        x, y = 0 * x, 0 * y
    elif kind == "equal":
        x, y = x[:1].expand(m, 8).clone(), x[:1].expand(m, 8).clone()
    elif kind == "one modality zero":
        y = 0 * y
    elif kind == "rank one":
        x, y = x[:, :1] @ x[:1], y[:, :1] @ x[:1]
    elif kind in ("tiny", "huge"):
        x, y = (z * (1e-18 if kind == "tiny" else 1e10) for z in (x, y))
    elif kind == "twins":
        y = x.clone()
    x.requires_grad_()
    y.requires_grad_()
    value = spectral_contrast(x, y, logit_scale=100.0)
    value.backward()
    assert math.isfinite(value)
    assert bool(torch.isfinite(x.grad).all())
    assert bool(torch.isfinite(y.grad).all())


def alone(**fields):
    every = {"hellinger": 0, "subspace": 0, "enhancement": None, "spectral_every": 1, "weight_end": 1.0}
    return SDELossConfig(**every | {"spectral_contrast": 1.0} | fields)


def test_in_the_loss_it_has_temperature_and_duplicates_of_the_feature_domain():
    x, y = batch(8, 4)
    scale = torch.tensor(7.0, dtype=torch.float64)
    same = torch.zeros(8, 8, dtype=torch.bool)
    same[1, 2] = same[2, 1] = True
    base = DuplicateAwareLoss()
    base.mark(same)
    loss = SDELoss(alone(spectral_contrast=0.5, spectral_contrast_shrinkage=0.2), base)
    parts = loss(x, y, scale, output_dict=True)
    expected = spectral_contrast(x, y, logit_scale=scale, shrinkage=0.2, same=same)
    assert float(parts["spectral_loss"]) == pytest.approx(0.5 * float(expected), rel=1e-12)
    assert float(loss.terms["spectral_contrast"]) == pytest.approx(float(expected), rel=1e-12)


def test_under_bfloat16_it_is_computed_in_float32():
    x, y = (z.requires_grad_() for z in batch(32, 16, dtype=torch.bfloat16))
    loss = SDELoss(alone())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        parts = loss(x, y, torch.tensor(10.0), output_dict=True)
    expected = spectral_contrast(x.float(), y.float(), logit_scale=10.0)
    assert float(loss.terms["spectral_contrast"]) == pytest.approx(float(expected), rel=1e-6)
    gradients = torch.autograd.grad(sum(parts.values()), (x, y))
    assert all(g.dtype == torch.bfloat16 and bool(torch.isfinite(g).all()) for g in gradients)


def test_it_trains_pairs_to_agree_in_weak_directions():
    """One strong direction solves InfoNCE's cosines; only the spectral domain asks for the weak ones."""
    torch.manual_seed(0)
    image, text = torch.randn(64, 12), torch.randn(64, 12)
    shared = torch.randn(64, 4)
    image, text = torch.cat([image, shared], 1), torch.cat([text, shared], 1)
    model = nn.ModuleList([nn.Linear(16, 8), nn.Linear(16, 8)])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    loss = SDELoss(alone(), nn.Identity())
    loss._contrast = lambda image, text, scale, bias: image.sum() * 0
    values = []
    for _ in range(30):
        x, y = (functional.normalize(m(z), dim=1) for m, z in zip(model, (image, text), strict=True))
        optimizer.zero_grad()
        value = loss(x, y, torch.tensor(10.0))
        value.backward()
        optimizer.step()
        values.append(float(value))
    assert values[-1] < values[0] - 1
