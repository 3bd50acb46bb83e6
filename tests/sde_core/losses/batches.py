"""Configurations and batches that the tests of the loss share."""

import torch
import torch._dynamo.testing

from sde_core.losses import (
    SDELossConfig,
)


def each_step(**fields):
    """Settings that look at basis and terms at every step, where not said otherwise."""
    return SDELossConfig(**{"refresh_every": 1, "spectral_every": 1} | fields)


SCALE = torch.tensor(10.0)


EVERYTHING = each_step(
    component_contrast=1.0, component_barlow=0.1, whitening=1.0, spectral_contrast=1.0, subspace_rank=3
)


def batch(m=12, n=6, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(m, n, generator=generator, dtype=torch.float64) for _ in range(2))
    y = y + x
    return tuple((z / z.norm(dim=1, keepdim=True)).to(dtype).requires_grad_() for z in (x, y))


def gradients(loss, features, **arguments):
    value = loss(*features, SCALE.to(features[0].dtype), **arguments)
    return value, torch.autograd.grad(value, features)
