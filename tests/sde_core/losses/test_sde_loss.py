"""`SDELoss` as a training loop meets it: base losses, precision, steps, progress, bad batches."""

import copy
import io
import math

import pytest
import torch
import torch._dynamo.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.loss import ClipLoss, SigLipLoss
from torch import nn

from sde_core.errors import ConfigError, DataError
from sde_core.losses import (
    FANoiseLoss,
    RegularisedLoss,
    SDELoss,
    SDELossConfig,
    barlow_twins,
    component_barlow,
    component_contrast,
    hellinger_loss,
    shared_spectrum,
    spectral_contrast,
    subspace_loss,
    vicreg,
    whitened_agreement,
)
from sde_core.losses.base_loss import default_base_loss
from sde_core.losses.decomposition import decompose
from sde_core.losses.enhanced_view import enhanced_view
from sde_core.partition.manual import ManualRankRule
from sde_core.shaping.curriculum import CurriculumConfig

pytestmark = pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")


def each_step(**fields):
    """Settings that look at basis and terms at every step, where not said otherwise."""
    return SDELossConfig(**{"refresh_every": 1, "spectral_every": 1} | fields)


SCALE = torch.tensor(10.0)
EVERYTHING = each_step(
    component_contrast=1.0, component_barlow=0.1, whitening=1.0, spectral_contrast=1.0, subspace_rank=3
)
PLAIN = each_step(enhancement=None, hellinger=0, subspace=0)


def batch(m=12, n=6, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(m, n, generator=generator, dtype=torch.float64) for _ in range(2))
    y = y + x
    return tuple((z / z.norm(dim=1, keepdim=True)).to(dtype).requires_grad_() for z in (x, y))


def gradients(loss, features, **arguments):
    value = loss(*features, SCALE.to(features[0].dtype), **arguments)
    return value, torch.autograd.grad(value, features)


# --- against open_clip ---------------------------------------------------------------------------------


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


# --- the modes of the enhancement ------------------------------------------------------------------------


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


def test_a_rule_is_not_asked_about_a_batch_without_directions():
    def rule(spectrum, evidence):
        raise AssertionError("nothing to part")

    zeros = torch.zeros(4, 3)
    assert math.isfinite(SDELoss(each_step(rule=rule))(zeros, zeros, SCALE))


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


# --- basis kept over steps -------------------------------------------------------------------------------


def basis_of(loss):
    spectrum = loss._keeper._kept.spectra["image"]
    return spectrum.basis @ spectrum.basis[:, :1]


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


def test_published_terms_see_the_batch_at_hand_even_when_the_basis_lags():
    loss = SDELoss(each_step(refresh_every=100, subspace_rank=2))
    loss(*batch(seed=0), SCALE)
    x, y = batch(seed=1)
    loss(x, y, SCALE)
    assert float(loss.terms["hellinger"]) == pytest.approx(float(hellinger_loss(x, y)), rel=1e-6)
    assert float(loss.terms["subspace"]) == pytest.approx(float(subspace_loss(x, y, rank=2)), rel=1e-6)


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


def test_another_width_starts_a_new_basis():
    for memory in (0.0, 0.5):
        loss = SDELoss(each_step(refresh_every=50, basis_memory=memory))
        loss(*batch(n=6), SCALE)
        assert math.isfinite(loss(*batch(n=4), SCALE))


# --- progress ------------------------------------------------------------------------------------------


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


# --- precision and compilation -----------------------------------------------------------------------------


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


# --- batches that are hardly batches ---------------------------------------------------------------------


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


@settings(deadline=None, max_examples=1000, derandomize=True)
@given(
    features=degenerate_batches(),
    center=st.sampled_from([None, "mean"]),
    strong=st.sampled_from(["noise", "amplify", "adversarial"]),
    form=st.sampled_from(["projector", "captured"]),
    band=st.sampled_from(["all", "signal", "noise"]),
    memory=st.sampled_from([0.0, 0.5]),
)
def test_a_thousand_bad_batches_give_finite_losses_and_gradients(
    features, center, strong, form, band, memory
):
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


@pytest.mark.parametrize(
    ("field", "value"),
    [("weight_start", -1),
     ("weight_end", math.inf), ("hellinger", math.nan), ("warmup", 1.0), ("seed", -1),
     ("basis_memory", 1.0), ("contrast_temperature", 0.0),
     ("whitening", -1.0), ("component_barlow", -1.0), ("barlow_off_diagonal", -0.1),
     ("whitening_shrinkage", 0.0), ("whitening_by", "text"), ("spectral_contrast", -1.0),
     ("spectral_contrast_shrinkage", 0.0), ("vicreg", math.nan),
     ("subspace_rank", 0), ("refresh_every", 0), ("spectral_every", 0), ("total_steps", 0),
     ("calls_per_step", 0), ("center", "median"), ("schedule", "x"), ("hellinger_on", "x"),
     ("subspace_form", "x"), ("contrast_band", "weak")],
)  # fmt: skip
def test_the_config_names_the_field_that_is_wrong(field, value):
    with pytest.raises(ConfigError, match=f"{field} must"):
        SDELossConfig(**{field: value})


# --- rivals in the same loop -----------------------------------------------------------------------------


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


@settings(deadline=None, max_examples=150, derandomize=True)
@given(features=degenerate_batches())
def test_the_rivals_survive_degenerate_batches_too(features):
    x, y = (f.clamp(-1e3, 1e3).requires_grad_() for f in features)
    losses = [RegularisedLoss(t, weight=1.0, base_loss=BoundedLoss()) for t in (barlow_twins, vicreg)]
    for loss in (*losses, FANoiseLoss(base_loss=BoundedLoss())):
        value, gradient = gradients(loss, (x, y))
        assert math.isfinite(value.detach())
        assert all(bool(torch.isfinite(g).all()) for g in gradient)


# --- CUDA ----------------------------------------------------------------------------------------------


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
