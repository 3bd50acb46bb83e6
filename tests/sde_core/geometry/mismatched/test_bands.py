"""Parts of each pair's cosine."""

import numpy as np
import pytest
import torch

import sde_core as sde


def test_bands_add_up_to_the_cosine():
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(2, 50, 6))
    basis = torch.from_numpy(np.linalg.qr(rng.normal(size=(6, 6)))[0][:, :5])
    labels = torch.tensor([0, 1, 1, 2, 2])
    parts = sde.pair_cosines_by_band(image, text, None, basis, labels)
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (image, text))
    np.testing.assert_allclose(parts.sum(1).numpy(), (x * y).sum(1), atol=1e-6)
    strong = (x @ basis[:, 0].numpy()) * (y @ basis[:, 0].numpy())
    np.testing.assert_allclose(parts[:, 0].numpy(), strong, atol=1e-6)
    with pytest.raises(sde.DataError, match="a label a column"):
        sde.pair_cosines_by_band(image, text, None, basis, labels[:4])
