"""The figures of the Curriculum view, as pure functions of numbers."""

import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.partition import Bands
from sde_core.shaping.certificate import row_coordinates
from sde_core.vocabulary import BANDS
from sde_explorer.curriculum.figures.certificate import certificate_figure
from sde_explorer.curriculum.figures.gains import curves_figure, waterfall_figure
from sde_explorer.curriculum.figures.moment import NOW, moment_figure
from sde_explorer.curriculum.figures.strong_modes import strong_modes_figure
from sde_explorer.curriculum.numbers import certificate as numbers_certificate
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.ui.figures import palette


def _reports(m=400, n=60, t=0.4, kind="enhanced", **curriculum):
    config = sde.CurriculumConfig(**curriculum)
    found, certificates = [], []
    for seed, modality in enumerate(("image", "text")):
        x = np.random.default_rng(seed).normal(size=(m, n))
        x[:, :5] *= 6
        x[:, 5:12] *= 1.8  # weak: above the noise edge, below the fence
        spectrum = sde.compute_spectrum(x)
        bands = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)
        found.append(numbers_gains.gain_report(spectrum, bands, t, config, kind=kind))
        rows = row_coordinates(x[:50], spectrum)
        certificates.append(
            numbers_certificate.certificate_report(spectrum, bands, t, config, rows, kind=kind)
        )
    return found, certificates, numbers_gains.schedules_of(config)


def _moment(reports, schedules, **options):
    return moment_figure(reports, schedules=schedules, schedule="cosine", **options)


@pytest.mark.parametrize("yscale", ["linear", "log"])
def test_the_moment_shows_the_spectrum_times_the_gains_and_plays_all_of_training(yscale):
    reports, _, schedules = _reports()
    figure = _moment(reports, schedules, yscale=yscale)
    markers = [t for t in figure.data if t.mode == "markers"]
    assert [t.marker.color for t in markers[:3]] == list(palette.BAND.values())
    for trace, band in zip(markers[:3], range(3), strict=True):
        mine = reports[0].labels == band
        np.testing.assert_allclose(trace.y, (reports[0].values * reports[0].now)[mine], rtol=1e-6)
        np.testing.assert_array_equal(trace.x, np.flatnonzero(mine) + 1)
    called = [f"d{i + 1}" for i in range(len(reports[0].values))]
    told = _moment(reports, schedules, names={reports[0].modality: called}).data
    strong = next(t for t in told if t.name == "strong")
    assert list(strong.text) == [f"<br><i>d{i}</i>" for i in strong.x]
    names = [frame.name for frame in figure.frames]
    assert (names[0], names[-2], names[-1]) == ("0.000", "1.000", NOW)
    assert figure.layout.updatemenus[0].buttons[0].args[0] == tuple(names)
    moving = figure.frames[0].traces
    for i, trace in enumerate(moving):
        shown = figure.data[trace]
        # The last frame is the picture that was there before: playing ends where it began.
        np.testing.assert_array_equal(figure.frames[-1].data[i].y, shown.y)
    low, high = figure.layout.yaxis2.range
    every = np.concatenate([np.asarray(d.y) for f in figure.frames for d in f.data[1:]])
    every = np.log10(every) if yscale == "log" else every
    assert low <= every.min() <= every.max() <= high


def test_alpha_is_drawn_for_every_schedule_with_the_moment_on_the_used_one():
    reports, _, schedules = _reports(t=0.4)
    figure = _moment(reports, schedules)
    lines = [t for t in figure.data if t.mode == "lines" and t.xaxis is None]
    assert len(lines) == 4
    used = lines[-1]
    assert used.line.color == palette.LAW
    dot = next(t for t in figure.data if t.mode == "markers+text")
    assert np.interp(dot.x[0], used.x, used.y) == pytest.approx(dot.y[0], abs=1e-3)


def test_curves_are_the_means_of_the_bands_and_follow_single_directions():
    reports, _, _ = _reports()
    figure = curves_figure(reports, followed=(1, 30, 61))
    means = [t for t in figure.data if t.name in BANDS and t.line.width == 2.5]
    assert len(means) == 6
    noise = means[2]
    np.testing.assert_allclose(noise.y, reports[0].gains[:, reports[0].labels == 2].mean(axis=1))
    single = [t for t in figure.data if t.name == "direction 30"]
    np.testing.assert_array_equal(single[0].y, reports[0].gains[:, 29])
    gone = next(t for t in figure.data if t.name == "direction 61")
    assert np.isnan(np.asarray(gone.y, float)).all()


def test_the_waterfall_holds_every_gain_on_one_scale_around_one():
    reports, _, _ = _reports()
    figure = waterfall_figure(reports)
    for heat, report in zip(figure.data, reports, strict=True):
        np.testing.assert_allclose(heat.z, report.gains, rtol=1e-6)
        assert len(heat.x) == len(report.values) + 1
        assert heat.zmax - 1 == pytest.approx(1 - heat.zmin)
        assert heat.zmax >= report.gains.max() - 1e-6
    assert figure.data[0].zmax == figure.data[1].zmax
    edges = [s.x0 for s in figure.layout.shapes if s.xref == "x"]
    assert edges == [(reports[0].labels == 0).sum() + 0.5, (reports[0].labels <= 1).sum() + 0.5]


def test_bars_of_the_certificate_are_shares_of_the_bounds():
    _, certificates, _ = _reports()
    figure = certificate_figure({found.modality: found.lines for found in certificates})
    for bar, found in zip(figure.data, certificates, strict=True):
        assert list(bar.x) == [line.tightness for line in found.lines]
        assert max(bar.x) <= 1 + 1e-9
        assert [tuple(d) for d in bar.customdata] == [(x.measured, x.bound) for x in found.lines]
    assert figure.layout.shapes[0].x0 == 1


def test_modes_stand_side_by_side_between_the_ends_of_the_curriculum():
    reports, _, _ = _reports()
    gains = {"amplify": [r.now for r in reports], "noise": [r.now * 0 + 1 for r in reports]}
    figure = strong_modes_figure(reports, gains, used="noise")
    points = [t for t in figure.data if t.mode == "markers"]
    strong = reports[0].labels == 0
    np.testing.assert_array_equal(points[0].y, reports[0].now[strong])
    upper = figure.data[0]
    np.testing.assert_allclose(points[0].y, upper.y[: strong.sum()])  # amplify sits on the upper end
    assert any("noise (in use)" in a.text for a in figure.layout.annotations)


@pytest.mark.parametrize("kind", ["enhanced", "pruned"])
def test_degenerate_curricula_are_drawn(kind):
    for curriculum in ({"start": 0.0, "end": 0.0}, {"strong": "noise"}, {"schedule": "step", "warmup": 0.5}):
        reports, certificates, schedules = _reports(m=3, n=4, kind=kind, **curriculum)
        for figure in (
            _moment(reports, schedules),
            _moment(reports[:1], schedules, xscale="log", yscale="linear"),
            curves_figure(reports),
            waterfall_figure(reports),
            certificate_figure({found.modality: found.lines for found in certificates}),
            strong_modes_figure(reports, {"amplify": [r.now for r in reports]}),
        ):
            json.loads(figure.to_json(), parse_constant=pytest.fail)  # no browser reads NaN


def test_figures_stay_small():
    reports, _, schedules = _reports(m=1200, n=512)
    total = sum(
        len(figure.to_json())
        for figure in (_moment(reports, schedules), curves_figure(reports), waterfall_figure(reports))
    )
    assert total < 700_000
