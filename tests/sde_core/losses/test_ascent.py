"""InfoNCE against open_clip, and the slope along each gain."""

import pytest
import torch

from sde_core.losses import (
    enhanced_view,
    gain_ascent,
    info_nce,
)
from sde_core.spectra.spectrum import compute_spectrum
from tests.sde_core.losses.terms.rows import rows


def test_info_nce_is_open_clip_s_loss_on_unit_rows():
    from open_clip import ClipLoss

    x, y = rows(seed=1), rows(seed=2)
    expected = ClipLoss()(x, y, torch.tensor(20.0))
    torch.testing.assert_close(info_nce(x, y, temperature=0.05), expected)
    torch.testing.assert_close(info_nce(3 * x, y / 7, temperature=0.05), expected)


def test_the_ascent_is_the_slope_of_the_loss_along_each_gain():
    x, y = rows(seed=1), rows(seed=2)
    spectra = compute_spectrum(x), compute_spectrum(y)
    bases, means = (spectra[0].basis, spectra[1].basis), (spectra[0].mean, spectra[1].mean)

    def contrast(image, text):
        return info_nce(image, text, temperature=0.2)

    slopes = gain_ascent((x, y), bases, means, contrast)
    step = 1e-5
    for modality, slope in enumerate(slopes):
        for i in range(len(slope)):
            losses = []
            for sign in (1, -1):
                gains = [torch.ones(b.shape[1], dtype=torch.float64) for b in bases]
                gains[modality][i] += sign * step
                views = (enhanced_view(*part) for part in zip((x, y), bases, gains, means, strict=True))
                losses.append(float(contrast(*views)))
            # Central differences are off by step^2 times a third derivative of order 1, and by rounding / step.
            assert float(slope[i]) == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-8)
