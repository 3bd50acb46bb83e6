"""Moments of R^2 over permutations, against all of them."""

from itertools import permutations

import numpy as np
import pytest
import torch

from sde_core.knowledge.explained import chance_moments


@pytest.mark.parametrize("parameters", [1, 2, 3])
def test_moments_over_permutations_are_those_of_all_permutations(parameters):
    n = 6
    rng = np.random.default_rng(parameters)
    numbers, along = rng.normal(size=(n, parameters)) ** 3, rng.normal(size=n) ** 3
    numbers, along = numbers - numbers.mean(axis=0), along - along.mean()
    hat = numbers @ np.linalg.pinv(numbers)
    every = np.array(list(permutations(along)))
    raw = np.einsum("ti,ij,tj->t", every, hat, every) / (along**2).sum()
    kurtosis = torch.tensor([n * (along**4).sum() / (along**2).sum() ** 2])
    mean, variance = chance_moments(n, parameters, float((hat.diagonal() ** 2).sum()), kurtosis)
    np.testing.assert_allclose(mean, raw.mean(), rtol=1e-10)
    np.testing.assert_allclose(variance.numpy(), [raw.var()], rtol=1e-10)
