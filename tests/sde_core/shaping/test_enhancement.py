"""Gains, curriculum and certificate: the bounds as laws, the formulas as loops, the refusals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sde_core.errors import ConfigError, DataError
from sde_core.shaping.curriculum import CurriculumConfig, alpha
from sde_core.shaping.enhancement import enhancement_gains, signal_share, signal_to_noise
from sde_core.spectra.spectrum import compute_spectrum
from tests.sde_core.shaping.spaces import labelled, with_values


def loop_gains(values, labels, a, push):
    """METHOD section 3, written as a loop."""
    signal = sum(s * s for s, k in zip(values, labels, strict=True) if k != 2)
    noise = sum(s * s for s, k in zip(values, labels, strict=True) if k == 2)
    gains = []
    for i, (s, label) in enumerate(zip(values, labels, strict=True)):
        relative = s / values[0]
        if label == 0:
            gains.append(1 + a * relative * push[i])
        elif label == 1:
            gains.append(1 - a * (1 - relative))
        else:
            snr = signal / noise
            gains.append(1 - a * snr / (1 + snr))
    return gains


def test_gains_follow_the_formulas_in_each_mode():
    values, labels = [5.0, 4.0, 2.0, 1.0, 0.5], [0, 0, 1, 2, 2]
    spectrum, partition = with_values(values), labelled(labels)
    config = {"start": 0.6, "end": 0.1, "rho": 0.5}
    a = 0.5 * alpha(0.3, CurriculumConfig(**config))
    draws = (
        torch.randn(5, generator=torch.Generator().manual_seed(7), dtype=torch.float64).clamp(-1, 1).tolist()
    )
    ascent = torch.tensor([-3.0, 2.0, 1.0, 1.0, 1.0])
    cases = {"amplify": [1.0] * 5, "noise": draws, "adversarial": ascent.sign().tolist(), "off": [0.0] * 5}
    for mode, push in cases.items():
        generator = torch.Generator().manual_seed(7)
        gains = enhancement_gains(
            spectrum,
            partition,
            0.3,
            CurriculumConfig(strong=mode, **config),
            generator=generator,
            ascent=ascent,
        )
        np.testing.assert_allclose(gains, loop_gains(values, labels, a, push), rtol=1e-14)


def test_a_band_whose_policy_is_off_keeps_gain_one():
    spectrum, partition = with_values([5.0, 4.0, 2.0]), labelled([0, 1, 2])
    config = CurriculumConfig(strong="off", weak="off", noise="off")
    assert enhancement_gains(spectrum, partition, config=config).tolist() == [1.0, 1.0, 1.0]
    for field, position in (("weak", 1), ("noise", 2)):
        gains = enhancement_gains(spectrum, partition, config=CurriculumConfig(**{field: "off"})).tolist()
        assert gains[position] == 1.0
        assert sum(g == 1.0 for g in gains) == 1


def test_the_noise_of_a_direction_does_not_depend_on_where_the_threshold_lies():
    spectrum = with_values([5.0, 4.0, 3.0, 2.0])
    config = CurriculumConfig(strong="noise")
    one, two = (
        enhancement_gains(spectrum, labelled(labels), 0.0, config, generator=torch.Generator().manual_seed(1))
        for labels in ([0, 0, 1, 1], [0, 0, 0, 0])
    )
    assert one[:2].tolist() == two[:2].tolist()


@settings(deadline=None, max_examples=40, derandomize=True)
@given(seed=st.integers(0, 10_000), progress=st.floats(0.0, 1.0), rho=st.floats(0.05, 1.0))
def test_noise_moves_no_strong_gain_further_than_rho_alpha_either_way(seed, progress, rho):
    """Of 64 draws about ten lie above 1 and ten below -1: without the clip each would pass the bound."""
    values = [1.0] * 64  # so that each strong gain moves by the whole of its draw
    config = CurriculumConfig(strong="noise", rho=rho)
    generator = torch.Generator().manual_seed(seed)
    gains = enhancement_gains(with_values(values), labelled([0] * 64), progress, config, generator=generator)
    amount = rho * alpha(progress, config)
    moved = gains - 1
    assert float(moved.abs().max()) <= amount * (1 + 1e-12)
    draws = torch.randn(64, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert int((moved >= amount * (1 - 1e-12)).sum()) == int((draws >= 1).sum())
    assert int((moved <= -amount * (1 - 1e-12)).sum()) == int((draws <= -1).sum())


def test_signal_share_is_the_energy_outside_noise_at_every_extreme():
    spectrum = with_values([2.0, 1.0, 1.0])
    assert signal_to_noise(spectrum, labelled([0, 1, 2])) == 5.0
    assert signal_share(spectrum, labelled([0, 1, 2])) == pytest.approx(5 / 6)
    assert signal_share(spectrum, labelled([0, 1, 1])) == 1.0
    assert signal_to_noise(spectrum, labelled([0, 1, 1])) == math.inf
    assert signal_share(spectrum, labelled([2, 2, 2])) == 0.0
    assert signal_to_noise(with_values([], width=2), labelled([])) == 0.0


def test_signal_to_noise_is_the_ratio_of_energies():
    spectrum = with_values([4.0, 2.0, 1.0, 1.0])
    assert signal_to_noise(spectrum, labelled([0, 1, 2, 2])) == pytest.approx(20 / 2, rel=1e-12)
    assert signal_share(spectrum, labelled([0, 1, 2, 2])) == pytest.approx(20 / 22, rel=1e-12)
    assert signal_to_noise(spectrum, labelled([0, 1, 1, 1])) == math.inf
    assert signal_to_noise(spectrum, labelled([2, 2, 2, 2])) == 0.0
    nothing = compute_spectrum(torch.zeros(3, 2), center=None)
    assert signal_to_noise(nothing, labelled([])) == 0.0


def test_gains_refuse_what_they_cannot_use():
    spectrum, partition = with_values([2.0, 1.0]), labelled([0, 1])
    with pytest.raises(ConfigError, match=r"progress must lie in \[0, 1\]; got 1.5"):
        enhancement_gains(spectrum, partition, 1.5)
    with pytest.raises(ConfigError, match="progress must lie"):
        enhancement_gains(spectrum, partition, math.nan)
    with pytest.raises(ConfigError, match="generator must be given"):
        enhancement_gains(spectrum, partition, config=CurriculumConfig(strong="noise"))
    with pytest.raises(ConfigError, match="ascent must be given"):
        enhancement_gains(spectrum, partition, config=CurriculumConfig(strong="adversarial"))
    with pytest.raises(DataError, match="one entry per direction, 2"):
        enhancement_gains(
            spectrum, partition, config=CurriculumConfig(strong="adversarial"), ascent=torch.ones(3)
        )
    with pytest.raises(DataError, match="partition must label the 2 directions"):
        enhancement_gains(spectrum, labelled([0]))
