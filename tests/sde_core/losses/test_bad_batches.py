"""Batches without directions, of one row, not finite, of unlike shapes."""

import math

import pytest
import torch
import torch._dynamo.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.loss import ClipLoss
from torch import nn

from sde_core.errors import DataError
from sde_core.losses import (
    FANoiseLoss,
    RegularisedLoss,
    SDELoss,
    barlow_twins,
    vicreg,
)
from sde_core.shaping.curriculum import CurriculumConfig
from tests.sde_core.losses.batches import SCALE, batch, each_step, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def test_a_rule_is_not_asked_about_a_batch_without_directions():
    def rule(spectrum, evidence):
        raise AssertionError("nothing to part")

    zeros = torch.zeros(4, 3)
    assert math.isfinite(SDELoss(each_step(rule=rule))(zeros, zeros, SCALE))


KINDS = ["zeros", "equal rows", "rank one", "some zero rows", "axes", "tiny", "huge", "unit"]


@st.composite
def degenerate_batches(draw):
    m, n = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    found = []
    for _ in range(2):
        kind = draw(st.sampled_from(KINDS))
        x = torch.randn(m, n, generator=generator)
        if kind == "zeros":
            x = torch.zeros(m, n)
        elif kind == "equal rows":
            x = x[:1].expand(m, n).clone()
        elif kind == "rank one":
            x = x[:, :1] @ x[:1]
        elif kind == "some zero rows":
            x[::2] = 0
        elif kind == "axes":
            x = torch.eye(max(m, n))[:m, :n].clone()  # every singular value equal
        elif kind == "tiny":
            x = x * 1e-20
        elif kind == "huge":
            x = x * 1e10
        if kind in ("unit", "equal rows"):
            x = torch.nn.functional.normalize(x, dim=1)
        found.append(x)
    if draw(st.booleans()):
        found[1] = found[0].clone()
    return found


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    features=degenerate_batches(),
    center=st.sampled_from([None, "mean"]),
    strong=st.sampled_from(["noise", "amplify", "adversarial"]),
    form=st.sampled_from(["projector", "captured"]),
    band=st.sampled_from(["all", "signal", "noise"]),
    memory=st.sampled_from([0.0, 0.5]),
)
def test_bad_batches_give_finite_losses_and_gradients(features, center, strong, form, band, memory):
    config = each_step(
        enhancement=CurriculumConfig(strong=strong),
        center=center,
        subspace_form=form,
        subspace_rank=2,
        component_contrast=1.0,
        spectral_contrast=1.0,
        contrast_band=band,
        basis_memory=memory,
    )
    x, y = (f.requires_grad_() for f in features)
    # logits of huge rows overflow in the base loss; here the spectral part and the view are on trial
    loss = SDELoss(config, base_loss=BoundedLoss())
    for _ in range(2):
        value, gradient = gradients(loss, (x, y))
        assert math.isfinite(value.detach())
        assert all(bool(torch.isfinite(g).all()) for g in gradient)


class BoundedLoss(nn.Module):
    """open_clip's loss on rows normalised first."""

    def forward(self, image, text, logit_scale, logit_bias=None):
        unit = (torch.nn.functional.normalize(z, dim=1) for z in (image, text))
        return ClipLoss()(*unit, logit_scale, logit_bias=logit_bias)


def test_features_that_are_not_finite_make_the_loss_nan_and_keep_the_state():
    loss = SDELoss(each_step(basis_memory=0.5))
    loss(*batch(), SCALE)
    before = loss.get_extra_state()["basis"]["image"].clone()
    x, y = (f.detach().clone() for f in batch(seed=1))
    x[0, 0] = float("inf")
    x.requires_grad_()
    parts = loss(x, y, SCALE, output_dict=True)
    assert math.isnan(parts["spectral_loss"].detach())
    assert loss.step == 2
    assert torch.equal(loss.get_extra_state()["basis"]["image"], before)
    assert math.isfinite(loss(*batch(), SCALE))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (torch.ones(3, 4), torch.ones(2, 4)),
        (torch.ones(4), torch.ones(4)),
        (torch.ones(0, 4), torch.ones(0, 4)),
    ],
)
def test_features_of_unlike_shapes_are_refused(x, y):
    with pytest.raises(DataError, match="must be matrices of one shape"):
        SDELoss()(x, y, SCALE)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(features=degenerate_batches())
def test_the_rivals_survive_degenerate_batches_too(features):
    x, y = (f.clamp(-1e3, 1e3).requires_grad_() for f in features)
    losses = [RegularisedLoss(t, weight=1.0, base_loss=BoundedLoss()) for t in (barlow_twins, vicreg)]
    for loss in (*losses, FANoiseLoss(base_loss=BoundedLoss())):
        value, gradient = gradients(loss, (x, y))
        assert math.isfinite(value.detach())
        assert all(bool(torch.isfinite(g).all()) for g in gradient)
