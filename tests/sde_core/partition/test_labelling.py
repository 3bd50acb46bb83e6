"""The one call: names, a user's own rule, labels, verdict, refusals."""

import math

import numpy as np
import pytest
import torch

from sde_core import compute_spectrum, partition_spectrum, register_rule, rule_names
from sde_core.errors import ConfigError, DataError
from sde_core.partition import NOISE, STRONG, WEAK, Decision, Partition, fit_limit, rules
from sde_core.partition.marchenko_pastur import bulk_distance
from tests.sde_core.partition.planted import spikes

DIAGONAL = compute_spectrum(np.diag([4.0, 3.0, 2.0, 1.0]), center=None)


def test_the_names():
    bundled = (
        "mp-iqr",
        "energy",
        "gavish-donoho",
        "screenot",
        "parallel",
        "bema",
        "cross-modal",
        "known",
        "manual",
    )
    assert rule_names()[: len(bundled)] == bundled


@pytest.mark.parametrize(
    "name", ["mp-iqr", "energy", "gavish-donoho", "screenot", "parallel", "bema", "cross-modal", "known"]
)
def test_every_rule_keeps_the_contract(name):
    for shape in ((60, 20), (20, 60), (30, 30), (2, 5), (5, 1)):
        x = spikes(1, *shape, [3.0])
        spectrum = compute_spectrum(x)
        pairs = spikes(2, 30, shape[1], []), spikes(3, 30, shape[1], [])
        p = partition_spectrum(spectrum, name, features=x, paired=pairs)
        assert p.rule == name
        assert p.labels.dtype == torch.int64
        assert len(p.labels) == spectrum.rank == p.n_strong + p.n_weak + p.n_noise
        assert p.note.endswith(".")
        assert p.note.count(". ") == 0  # one sentence
        if math.isfinite(p.tau_noise):
            assert 0 <= p.tau_noise <= p.tau_strong
        if name != "cross-modal":
            assert bool((p.labels.diff() >= 0).all())


@pytest.mark.parametrize(
    "name", ["mp-iqr", "energy", "gavish-donoho", "screenot", "parallel", "bema", "cross-modal", "known"]
)
@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.full((5, 3), 0.1)], ids=["zeros", "equal rows"])
def test_a_constant_matrix_has_nothing_to_split(name, x):
    p = partition_spectrum(compute_spectrum(x), name)
    assert p.labels.shape == (0,)
    assert (p.fit_distance, p.fits_bulk) == (None, None)
    assert p.note == "The matrix is constant: there is nothing to split."


def test_an_unknown_rule_lists_the_names():
    with pytest.raises(ConfigError, match=r"rule must be one of mp-iqr, energy, .*manual.*; got 'mp'"):
        partition_spectrum(DIAGONAL, "mp")
    with pytest.raises(ConfigError, match=r"rule must be a name or a callable; got 3"):
        partition_spectrum(DIAGONAL, 3)


class TestOwnRule:
    @pytest.fixture(autouse=True)
    def _clean(self, monkeypatch):
        monkeypatch.setattr(rules, "_registered", {})

    def test_a_function_works_as_it_is(self):
        def top_one(spectrum, evidence):
            return Decision(tau_strong=3.5, tau_noise=1.5, note="Mine")

        p = partition_spectrum(DIAGONAL, top_one)
        assert p.labels.tolist() == [STRONG, WEAK, WEAK, NOISE]
        assert (p.rule, p.note) == ("top_one", "Mine")

    def test_it_gets_rows_pairs_and_seed(self):
        seen = []

        def looking(spectrum, evidence):
            seen.append(evidence)
            return Decision(tau_strong=1.0, tau_noise=1.0)

        partition_spectrum(DIAGONAL, looking, np.eye(4), (np.ones((2, 4)), np.zeros((2, 4))), 5)
        assert seen[0].seed == 5
        assert torch.equal(seen[0].features, torch.eye(4, dtype=torch.float64))
        assert float(seen[0].paired[0].sum()) == 8

    def test_a_registered_name_works_and_is_listed(self):
        register_rule("half", lambda spectrum, evidence: Decision(tau_strong=2.5, tau_noise=2.5))
        assert rule_names()[-1] == "half"
        assert partition_spectrum(DIAGONAL, "half").labels.tolist() == [STRONG, STRONG, NOISE, NOISE]
        assert partition_spectrum(DIAGONAL, "half").rule == "half"

    @pytest.mark.parametrize("name", ["", "mp-iqr", "manual"])
    def test_bundled_names_are_taken(self, name):
        with pytest.raises(ConfigError, match=f"name must be new and not empty; got '{name}'"):
            register_rule(name, lambda spectrum, evidence: Decision(tau_strong=1.0, tau_noise=1.0))

    @pytest.mark.parametrize(("strong", "noise"), [(1.0, 2.0), (float("nan"), 1.0), (1.0, float("nan"))])
    def test_thresholds_out_of_order_are_refused(self, strong, noise):
        with pytest.raises(
            ConfigError, match="thresholds must satisfy tau_noise <= tau_strong; got tau_noise="
        ):
            partition_spectrum(DIAGONAL, lambda s, e: Decision(tau_strong=strong, tau_noise=noise))

    def test_labels_must_fit(self):
        def short(spectrum, evidence):
            return Decision(tau_strong=math.nan, tau_noise=math.nan, labels=torch.zeros(3, dtype=torch.int64))

        with pytest.raises(ConfigError, match=r"rule must label 4 directions; got shape \(3,\)"):
            partition_spectrum(DIAGONAL, short)

        def wild(spectrum, evidence):
            return Decision(tau_strong=math.nan, tau_noise=math.nan, labels=torch.tensor([0, 1, 2, 3]))

        with pytest.raises(ConfigError, match=r"rule must label directions 0, 1 or 2; got 3"):
            partition_spectrum(DIAGONAL, wild)


class TestVerdict:
    def test_the_limit_falls_with_the_number_of_directions(self):
        assert fit_limit(100) == pytest.approx(0.06)
        assert fit_limit(10) > fit_limit(100) > fit_limit(10_000) > 0.02

    @pytest.mark.parametrize(("distance", "fits"), [(0.06, True), (0.061, False), (None, None)])
    def test_it_follows_the_distance(self, distance, fits):
        p = Partition(
            labels=torch.full((100,), NOISE),
            tau_strong=1.0,
            tau_noise=1.0,
            noise_scale=None,
            fit_distance=distance,
            rule="mine",
            note="",
        )
        assert p.fits_bulk is fits

    def test_seven_directions_say_nothing(self):
        # b = 1/8: the noise fills 7 directions, then 8.
        for n, known in ((7, False), (8, True)):
            p = partition_spectrum(compute_spectrum(spikes(0, 64, n, [])), "gavish-donoho")
            assert (p.fit_distance is not None) is known
            assert ("too few noise directions to check (7)" in p.note) is not known

    def test_the_distance_is_that_of_a_matrix_without_the_signals(self):
        spectrum = compute_spectrum(spikes(0, 100, 100, np.linspace(8, 4, 20)), center=None)
        p = partition_spectrum(spectrum)
        assert p.n_noise == 80
        noise = spectrum.singular_values[20:]
        expected = bulk_distance(noise, aspect=80 / 80, larger=80, upper=p.tau_noise)
        assert p.fit_distance == pytest.approx(expected, rel=1e-12)
        assert p.fits_bulk is True

    def test_rules_that_do_not_rest_on_the_law_have_no_verdict_in_their_note(self):
        x = np.random.default_rng(0).standard_normal((200, 60)) * np.linspace(0.1, 3, 60)
        p = partition_spectrum(compute_spectrum(x), "screenot")
        assert p.fits_bulk is False
        assert "bulk" not in p.note


def test_features_that_are_not_finite_are_refused_with_their_position():
    bad = np.eye(4)
    bad[1, 2] = np.inf
    with pytest.raises(DataError, match="features must be finite; got inf at row 1, column 2"):
        partition_spectrum(DIAGONAL, "parallel", features=bad)


@pytest.mark.gpu
@pytest.mark.parametrize(
    "name", ["mp-iqr", "energy", "gavish-donoho", "screenot", "parallel", "bema", "cross-modal", "known"]
)
def test_the_device_makes_no_difference(name):
    x, y = spikes(0, 100, 30, [4, 3]), spikes(0, 100, 30, [4, 3]) + 0.5 * spikes(1, 100, 30, [])
    here = partition_spectrum(compute_spectrum(x), name, features=x, paired=(x, y))
    a, b = (torch.from_numpy(z).cuda() for z in (x, y))
    there = partition_spectrum(compute_spectrum(a), name, features=a, paired=(a, b))
    assert there.labels.is_cuda
    assert there.labels.tolist() == here.labels.tolist()
    # Rows may lie elsewhere than the spectrum.
    mixed = partition_spectrum(compute_spectrum(a), name, features=x, paired=(x, y))
    assert mixed.labels.tolist() == here.labels.tolist()
