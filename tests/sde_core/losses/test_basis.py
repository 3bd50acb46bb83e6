"""The basis of the terms: refreshed, lagging, running, of another width."""

import math

import pytest
import torch
import torch._dynamo.testing

from sde_core.losses import (
    SDELoss,
    captured_energy_loss,
    hellinger_loss,
    subspace_loss,
)
from sde_core.losses.decomposition import decompose
from tests.sde_core.losses.batches import SCALE, batch, each_step

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def test_the_basis_is_refreshed_every_few_steps():
    loss = SDELoss(each_step(refresh_every=3))
    kept = []
    for step in range(7):
        loss(*batch(seed=step), SCALE)
        kept.append(loss._keeper._kept)
    assert kept[0] is kept[1] is kept[2]
    assert kept[3] is kept[4] is kept[5]
    assert kept[0] is not kept[3]
    assert kept[3] is not kept[6]


@pytest.mark.parametrize("lag", [{"refresh_every": 100}, {"basis_memory": 0.5}], ids=["lagging", "running"])
def test_published_terms_see_the_batch_at_hand_even_when_the_basis_does_not(lag):
    loss = SDELoss(each_step(subspace_rank=2, **lag))
    loss(*batch(seed=0), SCALE)
    x, y = batch(seed=1)
    loss(x, y, SCALE)
    assert float(loss.terms["hellinger"]) == pytest.approx(float(hellinger_loss(x, y)), rel=1e-6)
    assert float(loss.terms["subspace"]) == pytest.approx(float(subspace_loss(x, y, rank=2)), rel=1e-6)


def test_the_running_gram_is_the_weighted_sum_of_batches():
    loss = SDELoss(each_step(basis_memory=0.5, component_contrast=1.0))
    batches = [batch(m=10, seed=i, dtype=torch.float64) for i in range(3)]
    for pair in batches:
        loss(*pair, SCALE)
    weights = [0.25, 0.5, 1.0]
    stacked = torch.cat([w**0.5 * pair[0].detach() for w, pair in zip(weights, batches, strict=True)])
    expected = decompose(stacked)
    got = loss._keeper._kept.spectra["image"]
    samples = round((10 * 1.75) ** 2 / (10 * (0.0625 + 0.25 + 1)))
    assert got.n_samples == samples
    torch.testing.assert_close(got.singular_values, expected.singular_values * (samples / 17.5) ** 0.5)
    assert loss._keeper._kept.spectra["shared"].n_samples == 2 * samples


def test_another_width_starts_a_new_basis():
    for memory in (0.0, 0.5):
        loss = SDELoss(each_step(refresh_every=50, basis_memory=memory))
        loss(*batch(n=6), SCALE)
        assert math.isfinite(loss(*batch(n=4), SCALE))


def test_a_batch_without_directions_has_an_empty_partition():
    rows = torch.nn.functional.normalize(torch.ones(6, 4), dim=1).requires_grad_()
    loss = SDELoss(each_step(center="mean", subspace=0, hellinger=0, component_contrast=1.0))
    assert math.isfinite(loss(rows, rows, SCALE))
    for part in loss._keeper._kept.partitions.values():
        assert part.note == "The batch has no direction with energy: there is nothing to split."
        assert len(part.labels) == 0


def test_the_captured_form_goes_by_the_basis_that_is_held():
    loss = SDELoss(each_step(refresh_every=100, subspace_form="captured", subspace_rank=2))
    loss(*batch(seed=0), SCALE)
    held = loss._keeper._kept.spectra
    x, y = batch(seed=1)
    loss(x, y, SCALE)
    expected = captured_energy_loss(x, y, rank=2, spectra=(held["image"], held["text"]))
    assert float(loss.terms["subspace"]) == pytest.approx(float(expected), rel=1e-6)
