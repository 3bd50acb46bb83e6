"""A base loss and a rival's term."""

import pytest
import torch
import torch._dynamo.testing
from open_clip.loss import ClipLoss

from sde_core.errors import ConfigError
from sde_core.losses import (
    RegularisedLoss,
    barlow_twins,
    vicreg,
)
from tests.sde_core.losses.batches import SCALE, batch

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


@pytest.mark.parametrize("term", [barlow_twins, vicreg])
def test_a_regularised_loss_is_base_plus_weight_times_term(term):
    x, y = batch(dtype=torch.float64)
    parts = RegularisedLoss(term, weight=0.3)(x, y, SCALE, output_dict=True)
    # The scores are summed in another order than ClipLoss's second product.
    assert float(parts["contrastive_loss"]) == pytest.approx(float(ClipLoss()(x, y, SCALE)), rel=1e-14)
    assert float(parts[f"{term.__name__}_loss"]) == pytest.approx(0.3 * float(term(x, y)), rel=1e-12)
    whole = RegularisedLoss(term, weight=0.3)(x, y, SCALE)
    torch.testing.assert_close(whole, sum(parts.values()))
    with pytest.raises(ConfigError, match="weight must be"):
        RegularisedLoss(term, weight=-1.0)
