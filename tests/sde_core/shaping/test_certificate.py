"""What a transform may change at most: measured values stay within their bounds."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sde_core.errors import ConfigError, DataError
from sde_core.partition import Partition
from sde_core.shaping.certificate import TOLERANCE, Bound, certify, kantorovich_angle, row_coordinates
from sde_core.shaping.curriculum import CurriculumConfig, alpha, step_bound
from sde_core.shaping.enhancement import enhancement_gains
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from tests.sde_core.shaping.spaces import LAWS, configs, labelled, shares, with_values


@st.composite
def matrices(draw):
    """Matrices of chosen shape and spectrum, rank deficient and repeated values included."""
    m, n = draw(st.integers(1, 24)), draw(st.integers(1, 12))
    values = draw(
        st.lists(
            st.sampled_from([0.0, 1e-6, 0.1, 1.0, 1.0, 7.5, 1e3]), min_size=min(m, n), max_size=min(m, n)
        )
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    left = torch.linalg.qr(torch.randn(m, m, generator=generator, dtype=torch.float64)).Q
    right = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q
    core = torch.zeros(m, n, dtype=torch.float64)
    core[range(len(values)), range(len(values))] = torch.tensor(values, dtype=torch.float64)
    return left @ core @ right


def drawn_gains(
    data, spectrum: Spectrum, config: CurriculumConfig, progress: float
) -> tuple[torch.Tensor, Partition]:
    labels = data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=spectrum.rank, max_size=spectrum.rank))
    partition = labelled(labels)
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    ascent = torch.randn(spectrum.rank, generator=generator, dtype=torch.float64)
    return enhancement_gains(
        spectrum, partition, progress, config, generator=generator, ascent=ascent
    ), partition


@LAWS
@given(data=st.data(), x=matrices(), config=configs, progress=shares, center=st.sampled_from([None, "mean"]))
def test_every_measured_value_stays_within_its_bound(data, x, config, progress, center):
    spectrum = compute_spectrum(x, center=center)
    gains, _ = drawn_gains(data, spectrum, config, progress)
    certificate = certify(gains, spectrum, x)
    for name, bound in certificate.bounds.items():
        assert bound.measured is not None
        assert bound.measured <= bound.bound + TOLERANCE, name
    assert certificate.max_change <= config.rho * alpha(progress, config) + TOLERANCE


@LAWS
@given(data=st.data(), x=matrices(), other=st.integers(0, 2**31))
def test_the_bounds_hold_for_any_gains_on_features_that_the_basis_never_saw(data, x, other):
    spectrum = compute_spectrum(x, center=None)
    r = spectrum.rank
    gains = torch.tensor(data.draw(st.lists(st.floats(0, 5), min_size=r, max_size=r)), dtype=torch.float64)
    generator = torch.Generator().manual_seed(other)
    fresh = torch.randn(7, x.shape[1], generator=generator, dtype=torch.float64)
    assert certify(gains, spectrum, fresh).holds


@LAWS
@given(data=st.data(), x=matrices(), config=configs, t1=shares, t2=shares)
def test_a_step_of_the_curriculum_changes_the_map_by_at_most_rho_times_the_change_of_alpha(
    data, x, config, t1, t2
):
    config = CurriculumConfig(
        **{f: getattr(config, f) for f in ("start", "end", "schedule", "warmup", "rho", "weak", "noise")},
        strong=data.draw(st.sampled_from(["amplify", "off"])),
    )
    spectrum = compute_spectrum(x, center=None)
    gains, partition = drawn_gains(data, spectrum, config, t1)
    later = enhancement_gains(spectrum, partition, t2, config)
    certificate = certify(gains, spectrum, x, next_gains=later, next_allowance=step_bound(t1, t2, config))
    assert certificate.step_change is not None
    assert certificate.step_change.measured <= certificate.step_change.bound + TOLERANCE
    # and the measured number is the spectral norm of the difference of the two maps
    v = spectrum.basis
    difference = v @ torch.diag(later - gains) @ v.T
    norm = float(torch.linalg.matrix_norm(difference, ord=2)) if spectrum.rank else 0.0
    assert certificate.step_change.measured == pytest.approx(norm, abs=TOLERANCE)


def test_the_measured_values_are_those_of_plain_dense_algebra():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(9, 5, generator=generator, dtype=torch.float64)
    spectrum = compute_spectrum(x, center="mean")
    gains = torch.tensor([1.4, 1.1, 0.9, 0.6, 0.3], dtype=torch.float64)
    certificate = certify(gains, spectrum, x)
    f = (x - x.mean(0)).numpy()
    v = spectrum.basis.numpy()
    a = np.eye(5) + v @ np.diag(gains.numpy() - 1) @ v.T
    g = f @ a
    cosine = (f * g).sum(1) / np.linalg.norm(f, axis=1) / np.linalg.norm(g, axis=1)
    expected = {
        "relative_change": np.linalg.norm(g - f) / np.linalg.norm(f),
        "singular_value_shift": np.abs(
            np.linalg.svd(g, compute_uv=False) - np.linalg.svd(f, compute_uv=False)
        ).max()
        / np.linalg.norm(f, 2),
        "row_turn_by_change": np.arccos(cosine).max(),
        "row_turn_by_condition": np.arccos(cosine).max(),
        "gradient_scale": (np.linalg.norm(g @ a, axis=1) / np.linalg.norm(g, axis=1)).max(),
    }
    for name, value in expected.items():
        assert certificate.bounds[name].measured == pytest.approx(value, rel=1e-9)
    assert certificate.max_change == pytest.approx(0.7)
    assert certificate.condition == pytest.approx(1.4 / 0.3)
    # without rows the reference set's own numbers come from its spectrum alone
    bare = certify(gains, spectrum)
    for name in ("relative_change", "singular_value_shift"):
        assert bare.bounds[name].measured == pytest.approx(expected[name], rel=1e-9)
    assert bare.row_turn_by_change.measured is None
    assert certify(gains).relative_change.measured is None


def test_it_is_the_same_bit_for_bit_on_any_number_of_threads():
    x = torch.randn(300, 48, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    before, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 4):
            torch.set_num_threads(n)
            spectrum = compute_spectrum(x)
            bounds = certify(torch.linspace(1.5, 0.3, 48, dtype=torch.float64), spectrum, x).bounds
            found.append({name: bound.measured for name, bound in bounds.items()})
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("rank", [3, 8])
def test_coordinates_measure_rows_as_the_rows_themselves_do(rank):
    spectrum = with_values(list(np.linspace(5, 1, rank)), width=8, center="mean")
    generator = torch.Generator().manual_seed(3)
    gains = torch.rand(rank, generator=generator, dtype=torch.float64) * 2
    rows = torch.randn(40, 8, generator=generator, dtype=torch.float64)
    found = row_coordinates(rows, spectrum)
    torch.testing.assert_close(found.norm(dim=1), (rows - spectrum.mean).norm(dim=1))
    whole, quick = certify(gains, spectrum, rows), certify(gains, spectrum, coordinates=found)
    for name in ("row_turn_by_change", "row_turn_by_condition", "gradient_scale"):
        assert whole.bounds[name].measured == pytest.approx(quick.bounds[name].measured, abs=1e-9)
    assert quick.relative_change == certify(gains, spectrum).relative_change
    assert quick.holds


def test_the_angle_bound_is_reached_by_the_row_that_kantorovich_names():
    gains = torch.tensor([1.5, 0.5], dtype=torch.float64)
    spectrum = with_values([2.0, 1.0])
    v = spectrum.basis
    worst = (math.sqrt(0.5) * v[:, 0] + math.sqrt(1.5) * v[:, 1])[None]
    certificate = certify(gains, spectrum, worst)
    assert certificate.row_turn_by_condition.measured == pytest.approx(kantorovich_angle(3.0), rel=1e-12)
    assert kantorovich_angle(3.0) == pytest.approx(math.acos(2 * math.sqrt(3) / 4), rel=1e-12)


def test_pruning_and_gains_above_two_are_bounded_by_a_right_angle():
    for gains in (torch.tensor([1.0, 0.0]), torch.tensor([4.0, 1.0])):
        certificate = certify(gains, with_values([2.0, 1.0]), torch.randn(5, 2, generator=torch.Generator()))
        assert certificate.row_turn_by_change.bound == pytest.approx(math.pi / 2)
        assert certificate.holds
    assert certify(torch.tensor([1.0, 0.0])).condition == math.inf


def test_an_empty_basis_and_a_zero_matrix_change_nothing():
    zero = torch.zeros(4, 3)
    spectrum = compute_spectrum(zero, center=None)
    gains = enhancement_gains(spectrum, labelled([]))
    assert gains.shape == (0,)
    certificate = certify(gains, spectrum, zero)
    assert [b.measured for b in certificate.bounds.values()] == [0.0] * 5
    assert certify(gains, spectrum).relative_change.measured == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"gains": torch.tensor([1.0, -0.1])},
            "gains must be .* at least 0; got -0.1[0-9]* at position 1",
        ),
        ({"gains": torch.tensor([math.nan])}, "gains must be finite and at least 0; got nan at position 0"),
        ({"gains": torch.ones(2, 2)}, "gains must be a vector"),
        ({"gains": torch.ones(2), "features": torch.ones(2, 2)}, "spectrum must be given"),
        ({"gains": torch.ones(3), "spectrum": with_values([2.0, 1.0])}, "one entry per direction, 2; got 3"),
        (
            {"gains": torch.ones(2), "spectrum": with_values([2.0, 1.0]), "features": torch.ones(2, 3)},
            "features must have 2 columns",
        ),
        ({"gains": torch.ones(2), "next_gains": torch.ones(2)}, "must be given together"),
        ({"gains": torch.ones(2), "next_gains": torch.ones(3), "next_allowance": 1.0}, "must have 2 entries"),
    ],
)
def test_certify_refuses_in_one_sentence(arguments, message):
    with pytest.raises((ConfigError, DataError), match=message):
        certify(**arguments)


def test_a_bound_holds_up_to_the_tolerance():
    assert Bound(bound=0.5).holds
    assert Bound(bound=0.5, measured=0.5 + TOLERANCE).holds
    assert not Bound(bound=0.5, measured=0.5 + 2 * TOLERANCE).holds
