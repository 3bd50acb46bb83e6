"""Losses in blocks are open_clip's on the whole matrix: value and gradient, whatever the tile."""

import pytest
import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch.nn.functional import normalize

import sde_core as sde
from sde_core.losses import BlockwiseLoss, SDELoss, SDELossConfig, blocks, spectral_contrast
from tests.forking import library

FORMS = {"infonce": ClipLoss, "siglip": SigLipLoss}


def rows(
    count: int, width: int = 16, seed: int = 0, dtype: torch.dtype = torch.float64
) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(count, width, generator=generator, dtype=dtype)
    return [
        normalize(
            shared + torch.randn(count, width, generator=generator, dtype=dtype), dim=1
        ).requires_grad_()
        for _ in range(2)
    ]


def gradients(loss, features, scale: float = 20.0, bias: float | None = None) -> list[torch.Tensor]:
    factor = torch.tensor(scale, dtype=torch.float64, requires_grad=True)
    shift = None if bias is None else torch.tensor(bias, dtype=torch.float64, requires_grad=True)
    value = loss(*features, factor, shift)
    asked = [*features, factor] + ([] if shift is None else [shift])
    return [value.detach(), *torch.autograd.grad(value, asked)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("count", "tile"), [(1, 1), (7, 1), (7, 3), (64, 16), (65, 16), (65, 1000)])
@pytest.mark.parametrize("bias", [None, -3.0])
def test_blocks_are_open_clips_loss(form, count, tile, bias):
    if form == "siglip" and bias is None:
        bias = -10.0
    features = rows(count)
    expected = gradients(FORMS[form](), features, bias=bias)
    found = gradients(BlockwiseLoss(form, tile=tile), features, bias=bias)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_single_precision_keeps_six_digits_of_the_value(form):
    features = rows(512, 64, dtype=torch.float32)
    exact = gradients(FORMS[form](), [x.detach().double().requires_grad_() for x in features], bias=-10.0)
    found = gradients(BlockwiseLoss(form, tile=100), features, bias=-10.0)
    assert float(found[0]) == pytest.approx(float(exact[0]), rel=1e-6)
    for one, other in zip(found[1:3], exact[1:3], strict=True):
        assert float((one - other).norm() / other.norm()) < 1e-6


@pytest.mark.parametrize("form", FORMS)
def test_autocast_multiplies_in_half_and_sums_in_single_precision(form):
    features = rows(96, 32, dtype=torch.float32)
    plain = gradients(BlockwiseLoss(form, tile=40), features, bias=-10.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = gradients(BlockwiseLoss(form, tile=40), features, bias=-10.0)
    assert found[0].dtype == torch.float32
    assert found[1].dtype == torch.float32
    # bfloat16 keeps 8 bits of each factor: 20 times a cosine is off by at most 20 * 2^-8.
    assert abs(float(found[0] - plain[0])) < 20 * 2**-8 * (96 if form == "siglip" else 2)
    assert torch.isfinite(found[1]).all()


def test_spectral_contrast_in_blocks_is_itself():
    image, text = rows(50)
    same = torch.zeros(50, 50, dtype=torch.bool)
    same[3, 7] = same[7, 3] = True
    for shrinkage in (0.1, 0.01):
        for marks in (None, same):
            whole, parts = (
                gradients(
                    lambda x, y, scale, _, tile=tile, marks=marks, shrinkage=shrinkage: spectral_contrast(
                        x, y, logit_scale=scale, shrinkage=shrinkage, same=marks, tile=tile
                    ),
                    (image, text),
                )
                for tile in (0, 13)
            )
            for one, other in zip(parts, whole, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_it_stands_in_for_the_base_loss_and_the_term_takes_its_tile():
    features = [x.detach().float().requires_grad_() for x in rows(40)]
    nothing = {"enhancement": None, "hellinger": 0.0, "subspace": 0.0}
    whole = SDELoss(SDELossConfig(**nothing, spectral_contrast=0.5))
    parts = SDELoss(
        SDELossConfig(**nothing, spectral_contrast=0.5, spectral_contrast_tile=9), BlockwiseLoss(tile=9)
    )
    for one, other in zip(gradients(parts, features), gradients(whole, features), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_gradients_by_differences(form):
    features = rows(9, 4)
    scale, bias = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (3.0, -1.0))
    assert torch.autograd.gradcheck(BlockwiseLoss(form, tile=4), (*features, scale, bias))


_GROWN = """
import resource, torch
from sde_core.losses import BlockwiseLoss, spectral_contrast
x, y = torch.nn.functional.normalize(torch.randn(2, 8192, 64), dim=-1)
x.requires_grad_(), y.requires_grad_()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for form in ("infonce", "siglip"):
    BlockwiseLoss(form, tile=128)(x, y, torch.tensor(20.0), torch.tensor(-10.0)).backward()
spectral_contrast(x, y, logit_scale=torch.tensor(20.0), tile=128).backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_batch_of_which_the_scores_would_not_fit(tmp_path):
    """8,192 rows: the matrix of scores is 256 MiB, and open_clip's loss holds several.

    A fork of what has imported the library counts: it grows by 82 MiB. In a process of its own the peak of the imports
    would hide that.
    """
    (tmp_path / "grown.py").write_text(_GROWN)
    said = library().run(tmp_path / "grown.py")
    assert int(said["out"]) * 1024 < 8192 * 8192 * 4 / 2, said["err"]


def test_what_it_refuses():
    for wrong in ({"form": "triplet"}, {"tile": 0}, {"tile": 2.5}, {"tile": True}):
        with pytest.raises(sde.ConfigError, match=next(iter(wrong))):
            BlockwiseLoss(**wrong)
    with pytest.raises(sde.DataError, match="one shape"):
        BlockwiseLoss()(torch.ones(3, 2), torch.ones(2, 2), torch.tensor(1.0))
    assert repr(BlockwiseLoss(tile=8)) == "BlockwiseLoss('infonce', tile=8)"


@pytest.mark.parametrize(("first", "count"), [(0, 4), (3, 4), (6, 1)])
def test_the_cost_of_some_rows_is_that_of_torch_with_its_slope(first, count):
    scores = torch.randn(count, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    watched = scores.clone().requires_grad_()
    target = torch.arange(first, first + count)
    expected = torch.nn.functional.cross_entropy(watched, target, reduction="sum") / 7
    (slope,) = torch.autograd.grad(expected, watched)
    found = blocks._cross_entropy(scores.clone(), first, 7)
    torch.testing.assert_close(found[0], expected.detach())
    torch.testing.assert_close(found[1], slope)
