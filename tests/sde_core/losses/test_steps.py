"""What is counted, kept and evaluated from step to step, and in a checkpoint."""

import copy
import io

import pytest
import torch
import torch._dynamo.testing

from sde_core.errors import ConfigError
from sde_core.losses import (
    FANoiseLoss,
    SDELoss,
)
from tests.sde_core.losses.batches import SCALE, batch, each_step, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


@pytest.mark.parametrize(
    "terms",
    [
        {"hellinger": 1.0, "subspace": 1.0},
        {"component_contrast": 1.0},
        {"component_barlow": 0.1},
        {"whitening": 1.0},
        {"spectral_contrast": 1.0},
    ],
)
def test_terms_evaluated_now_and_then_pull_as_much_over_training(terms):
    """On one batch again and again, k steps of a lazy loss add up to k steps of the full one."""
    off = {"enhancement": None, "hellinger": 0.0, "subspace": 0.0, "weight_end": 1.0} | terms
    full, lazy = (SDELoss(each_step(**off, spectral_every=every)) for every in (1, 3))
    sums, parts = [], []
    for loss in (full, lazy):
        found = [gradients(loss, batch(dtype=torch.float64)) for _ in range(6)]
        sums.append([sum(g[i] for _, g in found) for i in range(2)])
        parts.append([float(loss(*batch(), SCALE, output_dict=True)["spectral_loss"]) for _ in range(3)])
    torch.testing.assert_close(sums[0], sums[1], rtol=1e-12, atol=1e-14)
    assert parts[1] == [pytest.approx(3 * parts[0][0], rel=1e-6), 0.0, 0.0]
    assert lazy.terms.keys() == full.terms.keys() != set()
    evaluated = lazy.eval()(*batch(), SCALE, output_dict=True)["spectral_loss"]
    assert float(evaluated) == pytest.approx(parts[0][0], rel=1e-6)


def test_every_call_of_a_lazy_step_evaluates_the_terms():
    loss = SDELoss(each_step(spectral_every=2, calls_per_step=2))
    found = [float(loss(*batch(), SCALE, output_dict=True)["spectral_loss"]) for _ in range(6)]
    assert [value > 0 for value in found] == [True, True, False, False, True, True]


def test_in_eval_mode_nothing_is_counted_kept_or_taken_from_before():
    loss = SDELoss(each_step(total_steps=10, basis_memory=0.9))
    loss(*batch(seed=0), SCALE)
    before = copy.deepcopy(loss.get_extra_state())
    loss.eval()
    x, y = batch(seed=1)
    once, twice = float(loss(x, y, SCALE)), float(loss(x, y, SCALE))
    assert once == twice
    torch.testing.assert_close(loss.get_extra_state(), before)
    fresh = SDELoss(loss.config).eval()
    fresh._clock.calls = 1
    assert float(fresh(x, y, SCALE)) == once


@pytest.mark.parametrize(
    "make", [lambda: SDELoss(each_step(total_steps=10, basis_memory=0.9)), lambda: FANoiseLoss(rho=0.5)]
)
def test_a_call_without_gradients_is_no_step_of_training(make):
    """A trainer that evaluates puts its model in eval mode, not a loss beside it: there the gradients are off."""
    loss, untouched = make(), make()
    for module in (loss, untouched):
        module(*batch(seed=0), SCALE)
    before = copy.deepcopy(loss.get_extra_state())
    with torch.no_grad():
        once, twice = (float(loss(*batch(seed=1), SCALE)) for _ in range(2))
    with torch.inference_mode():
        loss(*batch(seed=2), SCALE)
    loss(*(x.detach() for x in batch(seed=3)), SCALE)
    assert once == twice == float(loss.eval()(*batch(seed=1), SCALE))
    loss.train()
    torch.testing.assert_close(loss.get_extra_state(), before)
    for seed in range(4, 7):
        assert float(loss(*batch(seed=seed), SCALE)) == float(untouched(*batch(seed=seed), SCALE))


def test_progress_is_counted_over_optimiser_steps():
    loss = SDELoss(each_step(total_steps=3, calls_per_step=2))
    seen = []
    for _ in range(8):
        seen.append((loss.step, loss.progress))
        loss(*batch(), SCALE)
    assert seen == [(0, 0.0), (0, 0.0), (1, 0.5), (1, 0.5), (2, 1.0), (2, 1.0), (3, 1.0), (3, 1.0)]
    assert loss.alpha == pytest.approx(0.05)
    assert loss.spectral_weight == pytest.approx(0.1)


def test_set_progress_wins_over_counting():
    loss = SDELoss(each_step(total_steps=4))
    loss.set_progress(0.5)
    loss(*batch(), SCALE)
    assert loss.progress == 0.5
    assert loss.alpha == pytest.approx(0.275)
    with pytest.raises(ConfigError, match="progress must lie"):
        loss.set_progress(1.5)


@pytest.mark.parametrize("refresh_every", [1, 2, 5])
def test_a_checkpoint_continues_the_same_training(refresh_every):
    config = each_step(
        total_steps=8,
        basis_memory=0.7,
        component_contrast=1.0,
        refresh_every=refresh_every,
        contrast_band="noise",
    )
    whole, first = SDELoss(config), SDELoss(config)
    for i in range(3):
        whole(*batch(seed=i), SCALE)
        first(*batch(seed=i), SCALE)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = SDELoss(config)
    second.load_state_dict(torch.load(file, weights_only=True))
    for i in range(3, 6):
        assert float(second(*batch(seed=i), SCALE)) == float(whole(*batch(seed=i), SCALE))
    assert second.progress == whole.progress
