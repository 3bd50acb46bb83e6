"""Gains, curriculum and certificate: the bounds as laws, the formulas as loops, the refusals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sde_core.errors import ConfigError, DataError
from sde_core.partition import Partition
from sde_core.shaping.certificate import TOLERANCE, certify, kantorovich_angle, row_coordinates
from sde_core.shaping.curriculum import CurriculumConfig, alpha, scheduled_value, step_bound
from sde_core.shaping.enhancement import enhancement_gains, signal_share, signal_to_noise
from sde_core.spectra.spectrum import Spectrum, compute_spectrum

LAWS = settings(
    deadline=None, max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def labelled(labels: list[int]) -> Partition:
    return Partition(
        labels=torch.tensor(labels, dtype=torch.int64),
        tau_strong=math.nan,
        tau_noise=math.nan,
        noise_scale=None,
        fit_distance=None,
        rule="test",
        note="",
    )


def with_values(values: list[float], width: int | None = None, seed: int = 0, center=None) -> Spectrum:
    n = width or len(values)
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    return Spectrum(
        singular_values=torch.tensor(values, dtype=torch.float64),
        basis=basis[:, : len(values)].contiguous(),
        mean=None if center is None else torch.randn(n, generator=generator, dtype=torch.float64),
        n_samples=10 * n,
        n_features=n,
        route="svd",
    )


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


configs = st.builds(
    CurriculumConfig,
    start=st.floats(0, 0.99),
    end=st.floats(0, 0.99),
    schedule=st.sampled_from(["cosine", "linear", "step", "constant"]),
    warmup=st.sampled_from([0.0, 0.1, 0.5]),
    rho=st.floats(0.01, 1),
    strong=st.sampled_from(["amplify", "noise", "adversarial", "off"]),
    weak=st.sampled_from(["attenuate", "off"]),
    noise=st.sampled_from(["suppress", "off"]),
)
shares = st.floats(0, 1)


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


# --- the certificate as laws ---------------------------------------------------------------------------


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


# --- gains ---------------------------------------------------------------------------------------------


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


# --- curriculum ----------------------------------------------------------------------------------------


@LAWS
@given(config=configs, t=shares)
def test_alpha_stays_between_zero_and_its_ends(config, t):
    value = alpha(t, config)
    low = 0.0 if t < config.warmup else min(config.start, config.end)
    # one rounding of a convex combination of numbers below 1
    assert low - 1e-15 <= value <= max(config.start, config.end) + 1e-15


def test_schedules_at_known_moments():
    ends = {"start": 0.8, "end": 0.2}
    moments = {"cosine": [0.8, 0.5, 0.2], "linear": [0.8, 0.5, 0.2], "step": [0.8, 0.5, 0.2]}
    moments["constant"] = [0.8, 0.8, 0.8]
    for schedule, expected in moments.items():
        got = [scheduled_value(t, schedule=schedule, **ends) for t in (0.0, 0.5, 1.0)]
        assert got == pytest.approx(expected, rel=1e-14)
    assert scheduled_value(0.25, schedule="cosine", **ends) == pytest.approx(0.5 + 0.3 * math.sqrt(0.5))
    assert scheduled_value(0.25, schedule="linear", **ends) == pytest.approx(0.65)
    thirds = [scheduled_value(t, schedule="step", **ends) for t in (0.33, 0.34, 0.66, 0.67)]
    assert thirds == pytest.approx([0.8, 0.5, 0.5, 0.2])


def test_the_step_bound_is_rho_times_the_change_of_alpha():
    config = CurriculumConfig(rho=0.5)
    assert step_bound(0.0, 1.0, config) == step_bound(1.0, 0.0, config) == pytest.approx(0.5 * 0.45)


def test_warm_up_rises_from_zero_and_hands_over_without_a_jump():
    config = CurriculumConfig(warmup=0.2)
    assert alpha(0.0, config) == 0.0
    assert alpha(0.1, config) == pytest.approx(0.25)
    assert alpha(0.2, config) == pytest.approx(0.5)
    assert alpha(1.0, config) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("field", "value"),
    [("start", 1.0), ("end", -0.1), ("warmup", math.nan), ("rho", 0.0), ("rho", 1.1), ("schedule", "sine"),
     ("strong", "loud"), ("weak", "amplify"), ("noise", "prune")],
)  # fmt: skip
def test_curriculum_config_names_the_field_that_is_wrong(field, value):
    with pytest.raises(ConfigError, match=f"{field} must"):
        CurriculumConfig(**{field: value})
    with pytest.raises(ConfigError, match="schedule must be one of cosine, linear, step, constant"):
        scheduled_value(0.0, start=1.0, end=0.0, schedule="sine")
