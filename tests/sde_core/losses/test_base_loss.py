"""Any contrastive loss as the base: the default is open_clip's, with one product less."""

import warnings

import pytest
import torch
import torch._dynamo.testing
from open_clip.loss import ClipLoss, SigLipLoss

from sde_core.errors import DataError
from sde_core.losses import (
    SDELoss,
    SDELossConfig,
)
from sde_core.losses.base_loss import _say_what_is_local, default_base_loss, fit_to_ranks
from sde_core.losses.distributed import Shares
from sde_core.shaping.curriculum import CurriculumConfig
from tests.sde_core.losses.batches import SCALE, batch, each_step, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


PLAIN = each_step(enhancement=None, hellinger=0, subspace=0)


@pytest.mark.parametrize(("base", "bias"), [(ClipLoss, None), (SigLipLoss, torch.tensor(-10.0))])
@pytest.mark.parametrize(
    "config",
    [
        PLAIN,
        # every gain is 1 and lambda is 0, but all the machinery runs
        each_step(
            enhancement=CurriculumConfig(strong="off", weak="off", noise="off"), weight_start=0, weight_end=0
        ),
    ],
)
def test_without_gains_and_weight_it_is_the_base_loss_exactly(base, bias, config):
    features = batch()
    value, gradient = gradients(SDELoss(config, base()), features, logit_bias=bias)
    expected, expected_gradient = gradients(base(), features, logit_bias=bias)
    assert torch.equal(value, expected)
    for got, wanted in zip(gradient, expected_gradient, strict=True):
        # the rescaling of rows adds and removes each row's radial part: float32 rounding of it
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)


def test_clip_loss_is_the_default():
    assert isinstance(SDELoss().base_loss, ClipLoss)
    assert SDELossConfig() == SDELossConfig.paper()


@pytest.mark.parametrize("bias", [None, torch.tensor(-2.0, dtype=torch.float64)])
def test_the_default_is_clip_loss_with_one_product_instead_of_two(bias):
    features = batch(dtype=torch.float64)
    own, plain = default_base_loss(), ClipLoss()
    assert isinstance(own, ClipLoss)
    for mine, theirs in zip(
        gradients(own, features, logit_bias=bias), gradients(plain, features, logit_bias=bias), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-13, atol=1e-16)
    scores, turned = own.get_logits(*features, SCALE.double())
    assert turned.data_ptr() == scores.data_ptr()  # a view, not a second product


def test_a_loss_that_knows_no_ranks_is_named_once_and_only_where_there_are_several():
    loss = torch.nn.Identity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _say_what_is_local(loss, Shares(sizes=(8,), rank=0))
    with pytest.warns(
        UserWarning, match="Identity says nothing of ranks, so it may see the 3 rows .* of all 8"
    ):
        _say_what_is_local(loss, Shares(sizes=(5, 3), rank=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _say_what_is_local(loss, Shares(sizes=(5, 3), rank=1))


def test_a_loss_built_for_one_process_becomes_one_of_several():
    loss = ClipLoss()
    fit_to_ranks(loss, Shares(sizes=(4, 4), rank=1))
    assert (loss.rank, loss.world_size, loss.local_loss, loss.gather_with_grad) == (1, 2, True, True)
    chosen = ClipLoss(rank=0, world_size=2)
    fit_to_ranks(chosen, Shares(sizes=(4, 4, 4), rank=1))
    assert (chosen.rank, chosen.world_size, chosen.local_loss, chosen.gather_with_grad) == (
        1,
        3,
        False,
        False,
    )
    with pytest.raises(DataError, match="must have one size for ClipLoss; got 4, 3 rows by rank"):
        fit_to_ranks(ClipLoss(), Shares(sizes=(4, 3), rank=0))
