"""`SDELoss` as a training loop meets it: base losses, precision, steps, progress, bad batches."""

import math

import pytest
import torch
import torch._dynamo.testing
from open_clip.loss import ClipLoss

from sde_core.errors import ConfigError
from sde_core.losses import (
    FANoiseLoss,
    SDELoss,
    component_barlow,
    component_contrast,
    hellinger_loss,
    shared_spectrum,
    spectral_contrast,
    subspace_loss,
    whitened_agreement,
)
from sde_core.losses.decomposition import decompose
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.partition.manual import ManualRankRule
from sde_core.shaping.curriculum import CurriculumConfig
from tests.sde_core.losses.batches import EVERYTHING, SCALE, batch, each_step, gradients

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def test_the_whole_is_the_sum_of_its_parts():
    x, y = batch(dtype=torch.float64)
    loss = SDELoss(EVERYTHING)
    loss.set_progress(0.4)
    parts = loss(x, y, SCALE, output_dict=True)
    assert set(parts) == {"contrastive_loss", "spectral_loss"}
    terms = {
        "hellinger": hellinger_loss(x, y),
        "subspace": subspace_loss(x, y, rank=3),
        "component_contrast": component_contrast(x, y, shared_spectrum(x, y).basis),
        "component_barlow": component_barlow(x, y, shared_spectrum(x, y).basis),
        "whitening": whitened_agreement(x, y, shrinkage=0.01),
        "spectral_contrast": spectral_contrast(x, y, logit_scale=SCALE),
    }
    weights = {"component_barlow": 0.1}
    assert set(loss.terms) == set(terms)
    for name, value in terms.items():
        assert float(loss.terms[name]) == pytest.approx(float(value.detach()), rel=1e-12)
    weight = 0.1 + 0.9 * (1 + math.cos(0.4 * math.pi)) / 2
    assert loss.spectral_weight == pytest.approx(weight)
    assert float(parts["spectral_loss"]) == pytest.approx(
        weight * sum(weights.get(name, 1) * float(v.detach()) for name, v in terms.items()), rel=1e-12
    )
    views = [enhanced_view(f, decompose(f).basis, loss.gains[k]) for f, k in ((x, "image"), (y, "text"))]
    assert float(parts["contrastive_loss"]) == pytest.approx(float(ClipLoss()(*views, SCALE)), rel=1e-12)


def test_gradients_by_differences_with_the_constants_of_the_step_held():
    features = batch(8, 4, dtype=torch.float64)
    loss = SDELoss(
        each_step(hellinger=0, subspace=0, component_contrast=1.0, whitening=1.0, calls_per_step=10**6)
    )
    assert torch.autograd.gradcheck(lambda x, y: loss(x, y, SCALE), features, atol=1e-5, rtol=1e-4)


def test_the_sum_of_the_output_is_the_loss_and_goes_backward():
    features = batch()
    loss = SDELoss(EVERYTHING).eval()
    whole, gradient = gradients(loss, features)
    parts = loss(*features, SCALE, output_dict=True)
    torch.testing.assert_close(sum(parts.values()), whole)
    assert all(bool(torch.isfinite(g).all()) and float(g.norm()) > 0 for g in gradient)


def test_adversarial_gains_raise_the_contrastive_loss_and_noise_does_not_choose():
    rule = ManualRankRule(n_strong=3, n_weak=0)
    features = batch(24, 6)

    def contrastive(strong):
        config = CurriculumConfig(strong=strong, noise="off", start=0.3)
        loss = SDELoss(each_step(enhancement=config, rule=rule, hellinger=0, subspace=0))
        return float(loss(*features, SCALE, output_dict=True)["contrastive_loss"]), loss.gains

    adversarial, gains = contrastive("adversarial")
    plain, _ = contrastive("off")
    assert adversarial > plain
    moved = torch.cat([gains["image"][:3], gains["text"][:3]])
    assert bool((moved != 1).all())
    # the sign is the one that first-order calculus gives, one gain at a time
    x, y = (f.detach().double() for f in features)
    basis, other = decompose(x).basis, decompose(y).basis
    for i in range(3):
        g = torch.ones(6, dtype=torch.float64)
        g[i] += 1e-5
        up = ClipLoss()(enhanced_view(x, basis, g), enhanced_view(y, other, torch.ones(6)), SCALE)
        assert (float(up) > float(ClipLoss()(x, y, SCALE))) == (float(gains["image"][i]) > 1)


def test_noise_is_the_same_within_a_step_and_another_in_the_next():
    features = batch()
    loss = SDELoss(each_step(calls_per_step=2, rule=ManualRankRule(n_strong=6, n_weak=0)))
    seen = []
    for _ in range(4):
        loss(*features, SCALE)
        seen.append(loss.gains["image"])
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[2], seen[3])
    assert not torch.equal(seen[1], seen[2])
    again = SDELoss(loss.config)
    again(*features, SCALE)
    assert torch.equal(again.gains["image"], seen[0])
    other = SDELoss(each_step(seed=1, rule=loss.config.rule))
    other(*features, SCALE)
    assert not torch.equal(other.gains["image"], seen[0])


def test_shared_draws_push_the_same_direction_of_both_modalities_alike():
    def pushes(draws):
        loss = SDELoss(each_step(draws=draws, rule=ManualRankRule(n_strong=6, n_weak=0)))
        loss(*batch(), SCALE)
        spectra = (decompose(x) for x in batch())
        relative = [s.singular_values[:6] / s.singular_values[0] for s in spectra]
        return [(loss.gains[k][:6] - 1) / r for k, r in zip(("image", "text"), relative, strict=True)]

    image, text = pushes("shared")
    torch.testing.assert_close(image, text)
    image, text = pushes("independent")
    assert float((image - text).abs().max()) > 0.01


def test_a_rule_of_ones_own_gets_the_rows_and_the_pairs():
    seen = []

    def rule(spectrum, evidence):
        seen.append((evidence.features, evidence.paired))
        return ManualRankRule(n_strong=1, n_weak=1)(spectrum, evidence)

    x, y = batch()
    loss = SDELoss(each_step(rule=rule, component_contrast=1.0, contrast_band="signal"))
    assert math.isfinite(loss(x, y, SCALE).detach())
    for (features, paired), expected in zip(seen, (x, y, torch.cat([x, y])), strict=True):
        assert torch.equal(features, expected)
        assert torch.equal(paired[0], x)
        assert torch.equal(paired[1], y)
    assert set(loss.partitions) == {"image", "text", "shared"}
    assert loss.partitions["image"].n_strong == 1


@pytest.mark.parametrize("band", ["signal", "noise"])
def test_component_contrast_in_one_band_uses_its_directions_only(band):
    x, y = batch(dtype=torch.float64)
    rule = ManualRankRule(n_strong=1, n_weak=1)
    config = each_step(
        enhancement=None, hellinger=0, subspace=0, component_contrast=1.0, contrast_band=band, rule=rule
    )
    loss = SDELoss(config)
    loss(x, y, SCALE)
    basis = shared_spectrum(x, y).basis
    part = basis[:, :2] if band == "signal" else basis[:, 2:]
    assert float(loss.terms["component_contrast"]) == pytest.approx(
        float(component_contrast(x, y, part)), rel=1e-12
    )


def test_centring_takes_the_mean_off_the_spectra_and_leaves_it_in_the_view():
    x, y = batch(30, 5, dtype=torch.float64)
    x = x + 0.5
    config = each_step(center="mean", rule=ManualRankRule(n_strong=2, n_weak=1))
    loss = SDELoss(config)
    parts = loss(x, y, SCALE, output_dict=True)
    xc, yc = x - x.mean(0), y - y.mean(0)
    assert float(loss.terms["hellinger"]) == pytest.approx(float(hellinger_loss(xc, yc)), rel=1e-9)
    views = [
        enhanced_view(f, decompose(c).basis, loss.gains[k], f.mean(0))
        for f, c, k in ((x, xc, "image"), (y, yc, "text"))
    ]
    assert float(parts["contrastive_loss"]) == pytest.approx(float(ClipLoss()(*views, SCALE)), rel=1e-12)


def test_the_captured_form_replaces_the_projector():
    from sde_core.losses import captured_energy_loss

    x, y = batch(dtype=torch.float64)
    loss = SDELoss(each_step(subspace_form="captured", subspace_rank=2, hellinger_on="energies"))
    loss(x, y, SCALE)
    assert float(loss.terms["subspace"]) == pytest.approx(float(captured_energy_loss(x, y, rank=2)))
    assert float(loss.terms["hellinger"]) == pytest.approx(float(hellinger_loss(x, y, on="energies")))


def test_fanoise_stirs_in_training_only_and_by_step():
    features = batch()
    loss = FANoiseLoss(rho=0.5, calls_per_step=2)
    values = [float(loss(*features, SCALE)) for _ in range(3)]
    plain = float(ClipLoss()(*features, SCALE))
    assert values[0] == values[1] != values[2]
    assert plain not in values
    assert float(loss.eval()(*features, SCALE)) == pytest.approx(plain, rel=1e-6)
    assert float(FANoiseLoss(rho=0.0)(*features, SCALE)) == pytest.approx(plain, rel=1e-6)
    assert set(loss(*features, SCALE, output_dict=True)) == {"contrastive_loss"}
    with pytest.raises(ConfigError, match="rho must be"):
        FANoiseLoss(rho=-1.0)
