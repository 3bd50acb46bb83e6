"""What one space separates and another does not."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.errors import ConfigError, DataError


@given(seed=st.integers(0, 10_000), m=st.integers(2, 25), d=st.integers(1, 6), e=st.integers(1, 6))
def test_values_and_vectors_are_those_of_the_whole_difference(seed, m, d, e):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(m, d)), rng.normal(size=(m, e))
    found = sde.difference_spectrum(x, y)
    kernels = []
    for z in (x, y):
        unit = z / np.linalg.norm(z, axis=1, keepdims=True)
        unit = unit - unit.mean(0)
        kernels.append(unit @ unit.T / m)
    whole = kernels[0] - kernels[1]
    items, values = found.items.numpy(), found.values.numpy()
    # Values that are left out are rounding: the eigenvectors rebuild the difference.
    np.testing.assert_allclose(items * values @ items.T, whole, atol=1e-8)
    np.testing.assert_allclose(items.T @ items, np.eye(len(values)), atol=1e-5)
    assert list(values) == sorted(values, reverse=True)


def test_a_planted_group_is_found_first():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(300, 12))
    a = np.hstack([shared, np.zeros((300, 1))])
    a[40:70, 12] = 8
    found = sde.difference_spectrum(a, shared)
    assert set(found.group(0, 30)) == set(range(40, 70))
    other = sde.difference_spectrum(shared, a)
    assert set(other.group(-1, 30)) == set(range(40, 70))


def test_the_same_space_turned_leaves_nothing():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6))
    found = sde.difference_spectrum(x, x @ np.linalg.qr(rng.normal(size=(6, 6)))[0])
    assert len(found.values) == 0


def test_bad_input_is_refused():
    x = torch.eye(3)
    with pytest.raises(DataError, match="at least two rows"):
        sde.difference_spectrum(x[:1], x[:1])
    with pytest.raises(ConfigError, match="number must lie in"):
        sde.difference_spectrum(x, x.flip(0)[[0, 0, 1]]).group(9)
