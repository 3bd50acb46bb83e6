"""Rival terms against closed forms and an independent reference."""

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import CCA

from benchmarks.evidence.terms import barlow_in_eigenbasis, cca, raw_contrast
from sde_core.losses import whitened_agreement


def _pair(rows=400, width=4, noise=0.5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(rows, width, generator=generator, dtype=torch.float64)
    return image, image + noise * torch.randn(rows, width, generator=generator, dtype=torch.float64)


def test_cca_is_one_minus_the_mean_canonical_correlation():
    image, text = _pair()
    a, b = CCA(n_components=4, scale=False, max_iter=5_000, tol=1e-12).fit_transform(
        image.numpy(), text.numpy()
    )
    wanted = 1 - np.mean([np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(4)])
    assert float(cca(image, text, shrinkage=1e-9)) == pytest.approx(wanted, abs=1e-4)  # CCA iterates


@pytest.mark.parametrize("term", [cca, whitened_agreement])
def test_whitening_terms_do_not_see_an_invertible_map_of_either_modality(term):
    image, text = _pair()
    before = term(image, text, shrinkage=1e-12)
    if term is whitened_agreement:  # Cholesky whitening is blind to triangular maps only
        mapped = image @ torch.tensor([[2.0, 1, 0, 3], [0, 1, 5, 0], [0, 0, 3, 1], [0, 0, 0, 4]]).double()
    else:
        mapped = image @ torch.randn(4, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    torch.testing.assert_close(term(mapped, text, shrinkage=1e-12), before, atol=1e-6, rtol=0)


@pytest.mark.parametrize("term", [cca, whitened_agreement])
def test_whitening_terms_are_0_for_equal_modalities_and_larger_for_strangers(term):
    image, text = _pair()
    stranger = text[torch.randperm(len(text), generator=torch.Generator().manual_seed(1))]
    assert float(term(image, image, shrinkage=1e-9)) == pytest.approx(0, abs=1e-6)
    assert float(term(image, stranger, shrinkage=1e-9)) > float(term(image, text, shrinkage=1e-9)) + 0.2


@pytest.mark.parametrize("term", [cca, whitened_agreement])
def test_gradients_of_whitening_terms(term):
    image, text = (x[:12].requires_grad_() for x in _pair())
    assert torch.autograd.gradcheck(lambda a, b: term(a, b, shrinkage=0.1), (image, text))


def test_bases_of_the_contrast_differ_from_each_other_and_have_gradients():
    image, text = (x.float().requires_grad_() for x in _pair(width=6))
    values = [
        raw_contrast(image, text, temperature=0.1),
        barlow_in_eigenbasis(image, text, off_diagonal=0.005),
    ]
    for value in values:
        (slope,) = torch.autograd.grad(value, image)
        assert torch.isfinite(slope).all()
        assert slope.abs().max() > 0
