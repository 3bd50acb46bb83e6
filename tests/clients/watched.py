"""A short training that a sink hears of: three looks, the last of them with an alarm."""

import math

import torch

import sde_core as sde

LOOKS = 3


def watch_with(sink, folder):
    """Take three looks; return them as the file has them."""
    numbers = torch.Generator().manual_seed(0)
    with sde.SpectralMonitor(folder, every=1, rows=64, in_background=False, sinks=[sink]) as monitor:
        for step in range(1, LOOKS + 1):
            image, text = torch.randn(2, 64, 8, generator=numbers)
            if step == LOOKS:
                image[0, 0] = math.nan
            monitor(step, image=image, text=text, logit_scale=10.0 + step, loss=1 / step)
    return sde.read_looks(folder)
