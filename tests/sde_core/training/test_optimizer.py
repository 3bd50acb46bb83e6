"""AdamW over all parameters at once is AdamW over each."""

import torch
from torch import nn

from sde_core.training.config import FinetuneConfig
from sde_core.training.optimizer import adamw


def test_parameters_updated_together_get_the_bits_of_one_after_another():
    models = []
    for together in (True, False):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(40, 16), nn.LayerNorm(16), nn.Linear(16, 3))
        optimizer = adamw(model, FinetuneConfig(weight_decay=0.1))
        for group in optimizer.param_groups:
            assert group["foreach"]
            group["foreach"] = together
        for step in range(5):
            model(torch.randn(8, 40, generator=torch.Generator().manual_seed(step))).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        models.append(model)
    for a, b in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(a, b)
