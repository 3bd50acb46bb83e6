"""Half precision, autocast, compiled, on the GPU."""

import math

import pytest
import torch
import torch._dynamo.testing
from open_clip.loss import ClipLoss

from sde_core.losses import (
    FANoiseLoss,
    SDELoss,
    component_contrast,
    shared_spectrum,
)
from sde_core.losses.decomposition import decompose
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.partition.manual import ManualRankRule
from tests.sde_core.losses.batches import EVERYTHING, SCALE, batch, each_step, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def test_under_bfloat16_autocast_the_spectral_part_stays_in_float32():
    x, y = batch(64, 16)
    base = SeenLoss()
    config = each_step(component_contrast=1.0, rule=ManualRankRule(n_strong=8, n_weak=4))
    loss = SDELoss(config, base)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        parts = loss(x, y, SCALE, output_dict=True)
    # to the rounding of float32; a product in bfloat16 is a thousand times farther off
    expected = component_contrast(x, y, shared_spectrum(x, y).basis)
    assert float(loss.terms["component_contrast"]) == pytest.approx(float(expected), rel=1e-6)
    views = [enhanced_view(f, decompose(f).basis, loss.gains[k]) for f, k in ((x, "image"), (y, "text"))]
    torch.testing.assert_close(base.seen, views)
    assert all(bool(torch.isfinite(g).all()) for g in torch.autograd.grad(sum(parts.values()), (x, y)))


class SeenLoss(ClipLoss):
    """open_clip's loss that remembers the features that it was given."""

    def forward(self, image_features, text_features, logit_scale, logit_bias=None):
        self.seen = [image_features, text_features]
        return super().forward(image_features, text_features, logit_scale, logit_bias)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_features_give_half_precision_gradients(dtype):
    features = batch(16, 8, dtype=dtype)
    value, gradient = gradients(SDELoss(EVERYTHING), features)
    assert math.isfinite(value.detach())
    assert all(g.dtype == dtype and bool(torch.isfinite(g).all()) for g in gradient)


@pytest.mark.parametrize("make", [lambda: SDELoss(EVERYTHING), lambda: FANoiseLoss(rho=0.1)])
def test_a_compiled_loss_gives_the_eager_numbers_without_recompiling_every_step(make):
    torch._dynamo.reset()
    counter = torch._dynamo.testing.CompileCounter()
    compiled, eager = torch.compile(make(), backend=counter), make()
    frames = []
    for i in range(4):
        features = batch(seed=i)
        value, gradient = gradients(compiled, features)
        expected, expected_gradient = gradients(eager, features)
        torch.testing.assert_close(value, expected)
        torch.testing.assert_close(gradient, expected_gradient)
        frames.append(counter.frame_count)
    assert frames[0] == frames[-1]
    torch._dynamo.reset()


@pytest.mark.gpu
@pytest.mark.parametrize("autocast", [False, True])
def test_on_the_gpu_it_gives_the_numbers_of_the_cpu(autocast):
    features = batch(128, 32)
    there = tuple(f.detach().cuda().requires_grad_() for f in features)
    expected, expected_gradient = gradients(SDELoss(EVERYTHING), features)
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=autocast):
        value = SDELoss(EVERYTHING)(*there, SCALE.cuda())
    gradient = torch.autograd.grad(value, there)
    tolerance = 3e-2 if autocast else 1e-4  # bfloat16 has 8 bits
    torch.testing.assert_close(value.cpu(), expected, rtol=tolerance, atol=tolerance)
    if not autocast:
        torch.testing.assert_close([g.cpu() for g in gradient], list(expected_gradient), rtol=1e-3, atol=1e-4)
