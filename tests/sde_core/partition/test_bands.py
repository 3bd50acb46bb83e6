"""Bands of a spectrum: the one rule for moved thresholds, counts and shares."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.partition import Decision, marchenko_pastur, moved_thresholds
from sde_core.partition.bands import MOVED
from sde_core.partition.manual import ManualRule, move_thresholds
from sde_core.vocabulary import BANDS, Band
from tests.sde_core.partition.planted import spikes

FACTORS = st.floats(0.0, 8.0)


def spectrum_and_rule(seed: int = 0) -> tuple[sde.Spectrum, sde.Partition]:
    spectrum = sde.compute_spectrum(spikes(seed, 200, 40, (6.0, 3.0, 1.6)))
    return spectrum, sde.partition_spectrum(spectrum)


def by_turns(spectrum, evidence) -> Decision:
    labels = torch.arange(spectrum.rank) % 3
    return Decision(tau_strong=math.nan, tau_noise=math.nan, labels=labels, note="By turns.")


def test_counts_and_shares_are_those_of_the_labels_and_add_up():
    spectrum, own = spectrum_and_rule()
    bands = sde.Bands.of(spectrum, own, modality="image")
    assert [bands.count(b) for b in BANDS] == [own.n_strong, own.n_weak, own.n_noise]
    assert bands.names == [("strong", "weak", "noise")[label] for label in own.labels]
    energies = spectrum.energies.numpy()
    for band in BANDS:
        kept = [e for e, name in zip(energies, bands.names, strict=True) if name == band]
        np.testing.assert_allclose(bands.energy_share(band), sum(kept) / energies.sum(), rtol=1e-12)
    assert sum(map(bands.energy_share, BANDS)) == pytest.approx(1.0, rel=1e-12)
    assert (bands.moved_note, bands.is_moved, bands.strong_was_raised) == ("", False, False)
    assert bands.partition is own


@given(noise=FACTORS, strong=FACTORS)
def test_moved_labels_are_those_of_the_thresholds_by_hand(noise, strong):
    spectrum, own = spectrum_and_rule()
    moved = sde.Bands.of(spectrum, own).moved(noise=noise, strong=strong)
    tau_noise = own.tau_noise * noise
    tau_strong = own.tau_strong * strong if own.tau_strong * strong >= tau_noise else tau_noise
    assert (moved.tau_noise, moved.tau_strong) == (tau_noise, tau_strong)
    assert moved.strong_was_raised == (
        (noise, strong) != (1.0, 1.0) and own.tau_strong * strong < own.tau_noise * noise
    )
    expected = [
        "noise" if s <= tau_noise else "strong" if s > tau_strong else "weak"
        for s in spectrum.singular_values.tolist()
    ]
    assert moved.names == expected
    by_hand = sde.partition_spectrum(spectrum, ManualRule(tau_strong=tau_strong, tau_noise=tau_noise))
    for other in (by_hand, moved.partition, move_thresholds(spectrum, own, noise=noise, strong=strong)):
        assert other.labels.tolist() == moved.labels.tolist()


def test_noise_never_becomes_strong_when_the_strong_threshold_falls_below_it():
    spectrum, own = spectrum_and_rule()
    moved = sde.Bands.of(spectrum, own).moved(noise=2.0, strong=0.01)
    assert moved.strong_was_raised
    assert moved.tau_strong == moved.tau_noise == 2.0 * own.tau_noise
    assert moved.count("weak") == 0
    assert (moved.values[moved.labels == Band.STRONG.code] > 2.0 * own.tau_noise).all()


def test_factors_are_of_the_rules_own_thresholds_and_1_is_the_way_back():
    spectrum, own = spectrum_and_rule()
    bands = sde.Bands.of(spectrum, own)
    twice = bands.moved(noise=3.0, strong=2.0).moved(noise=0.5)
    assert (twice.tau_noise, twice.tau_strong) == (0.5 * own.tau_noise, own.tau_strong)
    assert (twice.moved_note, twice.is_moved) == (MOVED, True)
    back = twice.moved()
    assert back.labels.tolist() == own.labels.tolist()
    assert (back.tau_noise, back.tau_strong, back.is_moved) == (own.tau_noise, own.tau_strong, False)


def test_a_rule_without_thresholds_keeps_its_labels_and_says_so():
    spectrum, _ = spectrum_and_rule()
    own = sde.partition_spectrum(spectrum, by_turns)
    moved = sde.Bands.of(spectrum, own).moved(noise=2.0)
    assert moved.labels.tolist() == own.labels.tolist()
    assert moved.moved_note.startswith("Rule by_turns labels each direction: it has no thresholds to move")
    assert not moved.is_moved
    same = move_thresholds(spectrum, own, noise=2.0)
    assert same.labels is own.labels
    assert same.note == f"By turns. {moved.moved_note}"
    assert moved_thresholds(own, noise=2.0, strong=1.0) is None


def test_which_rules_have_thresholds_is_what_they_decide():
    spectrum, _ = spectrum_and_rule()
    x = spikes(0, 200, 40, (6.0, 3.0, 1.6))
    for name in sde.rule_names():
        if name != "manual":
            own = sde.partition_spectrum(spectrum, name, features=x, paired=(x, x))
            assert sde.partition.has_thresholds(name) == own.cuts_by_size, name


@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
@pytest.mark.parametrize("name", ["noise", "strong"])
def test_factors_that_are_none_are_refused(name, value):
    bands = sde.Bands.of(*spectrum_and_rule())
    with pytest.raises(sde.ConfigError, match=f"{name} must be a finite factor of at least 0"):
        bands.moved(**{name: value})


def test_a_constant_matrix_has_no_direction_in_any_band():
    spectrum = sde.compute_spectrum(torch.ones(5, 3))
    bands = sde.Bands.of(spectrum, sde.partition_spectrum(spectrum)).moved(noise=2.0)
    assert [bands.count(b) for b in BANDS] == [0, 0, 0]
    assert [bands.energy_share(b) for b in BANDS] == [0.0, 0.0, 0.0]
    assert math.isnan(bands.edge)


def test_an_unknown_band_is_refused():
    with pytest.raises(ValueError, match="middling"):
        sde.Bands.of(*spectrum_and_rule()).count("middling")


@pytest.mark.parametrize("rule", ["mp-iqr", "energy"])
def test_the_edge_is_where_noise_of_the_fitted_size_ends(rule):
    spectrum, _ = spectrum_and_rule()
    own = sde.partition_spectrum(spectrum, rule)
    bands = sde.Bands.of(spectrum, own, modality="text")
    # Two rules, one with a noise scale of its own: both take the median against the law (2.5).
    middle = float(torch.quantile(spectrum.singular_values, 0.5))
    # The mean takes one of the 200 rows' degrees of freedom.
    theta = middle / (math.sqrt(199) * marchenko_pastur.median(40 / 199))
    assert bands.unit == pytest.approx(theta * math.sqrt(199), rel=1e-12)
    assert bands.edge == pytest.approx(theta * (math.sqrt(199) + math.sqrt(40)), rel=1e-12)
    assert bands.has_law
    assert bands.fit_distance == own.fit_distance


def test_a_cross_spectrum_ends_where_its_rule_says_and_follows_no_law():
    spectrum, own = spectrum_and_rule()
    bands = sde.Bands.of(spectrum, own, modality="cross")
    assert bands.edge == pytest.approx(own.tau_noise, rel=1e-12)
    assert (bands.has_law, bands.fit_distance) == (False, None)
