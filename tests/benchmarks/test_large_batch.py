"""The formula that large batches are compared with is ClipLoss."""

import torch
from open_clip.loss import ClipLoss
from torch import nn

from benchmarks.large_batch import infonce_at


def test_value_and_gradient_are_those_of_clip_loss():
    generator = torch.Generator().manual_seed(0)
    image, text = (
        nn.functional.normalize(torch.randn(50, 6, generator=generator, dtype=torch.float64), dim=1)
        for _ in range(2)
    )
    both = [x.clone().requires_grad_() for x in (image, text)]
    exact = ClipLoss()(*both, 30.0)
    slopes = torch.autograd.grad(exact, both)
    rows = torch.tensor([3, 0, 49])
    value, found = infonce_at(image, text, 30.0, rows, tile=17)
    torch.testing.assert_close(value, float(exact), rtol=1e-12, atol=0)
    torch.testing.assert_close(found, torch.cat([slope[rows] for slope in slopes]), rtol=1e-9, atol=1e-15)
