"""Figures of batches, of the cone and of bands around a spectrum: numbers in, traces out."""

import json

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.partition import Bands
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.cached.background import result_of
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.matrices import (
    FIRST_SHUFFLES,
    N_SHUFFLES,
    Matrix,
    chance_of,
    resampled_of,
    sides_of,
)
from sde_explorer.spectrum.clicks import size_clicked
from sde_explorer.spectrum.figures.batches import batches_figure
from sde_explorer.spectrum.figures.bulk import SHOWN_EDGES, bulk_figure
from sde_explorer.spectrum.figures.centring import SHOWN, centring_figure
from sde_explorer.spectrum.figures.spectrum import cumulative_figure, spectrum_figure
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import centring as numbers_centring
from sde_explorer.spectrum.numbers import rules as numbers_rules
from sde_explorer.spectrum.numbers import uncertainty as numbers_uncertainty
from sde_explorer.spectrum.rules_table import rules_table
from tests.app.conftest import spiked


@pytest.fixture(scope="module")
def embeddings() -> sde.EmbeddingSet:
    return spiked()


@pytest.fixture(scope="module")
def report(embeddings) -> Bands:
    spectrum = sde.compute_spectrum(embeddings.image)
    return Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")


def _chance(embeddings, kind: str) -> np.ndarray:
    matrix = Matrix(kind=kind)
    sides = sides_of(embeddings, matrix)
    return np.stack([values.numpy() for values in chance_of(sides, matrix, n_shuffles=5)])


def test_batches_are_points_that_carry_their_size_and_the_last_is_all_pairs(embeddings):
    draws = tuple(numbers_batches.draw_batches(embeddings, Matrix(kind="image"), "mp-iqr", n_shuffles=5))
    curve = numbers_batches.batch_curve("image", draws, noise_factor=1.0, strong_factor=1.0)
    assert curve.sizes == (32, 64, 128, 256, 300)
    assert np.isfinite(curve.counts["weak"]).sum(axis=1).tolist() == [3, 3, 3, 3, 1]
    whole = sde.partition_spectrum(sde.compute_spectrum(embeddings.image))
    assert curve.counts["strong"][-1, 0] == whole.n_strong
    figure = batches_figure([curve], chosen=64)
    lines = [t for t in figure.data if t.mode == "lines+markers"]
    for line in lines:
        sizes = [size_clicked([{"customdata": list(point)}]) for point in line.customdata]
        assert sizes == list(curve.sizes)
    np.testing.assert_array_equal(lines[0].y, np.nanmedian(curve.counts["strong"], axis=1))
    assert [shape.x0 for shape in figure.layout.shapes] == [64] * 3
    json.loads(figure.to_json())


def test_moved_thresholds_move_the_batches(embeddings):
    draws = tuple(numbers_batches.draw_batches(embeddings, Matrix(kind="text"), "mp-iqr", n_shuffles=5))
    own, moved = (
        numbers_batches.batch_curve("text", draws, noise_factor=factor, strong_factor=10.0)
        for factor in (1.0, 0.1)
    )
    assert np.nansum(moved.counts["noise"]) < np.nansum(own.counts["noise"])


@pytest.mark.parametrize("data", [None, [], [None], [float("nan")], [-3], ["x"]])
def test_a_click_on_nothing_chooses_no_size(data):
    assert size_clicked([{"customdata": data}]) is None
    assert size_clicked([]) is None


def test_no_batches_yet_is_an_empty_figure():
    assert not batches_figure([]).data


def test_a_band_of_some_shuffles_says_so_and_lies_in_that_of_all(embeddings, report):
    chance = _chance(embeddings, "image")
    chance = np.concatenate([chance] * 4)[:N_SHUFFLES]
    few, all_ = (numbers_uncertainty.chance_band(report, c) for c in (chance[:3], chance))
    assert (few.name, all_.name) == (f"shuffled columns, 3 of {N_SHUFFLES}", "shuffled columns")
    assert (few.low >= all_.low).all()
    assert (few.high <= all_.high).all()


def test_the_first_shuffles_are_there_before_all_of_them(embeddings):
    job = cached_spectra.chance(Dataset(embeddings, ()), Matrix(kind="image"))
    found = result_of(job)
    assert len(found) == N_SHUFFLES
    torch.testing.assert_close(job.partial, found[:FIRST_SHUFFLES])


@pytest.mark.parametrize("kind", ["image", "joint", "cross"])
def test_both_centrings_are_drawn_and_the_mean_only_adds(embeddings, kind):
    found = numbers_centring.centring(sides_of(embeddings, Matrix(kind=kind)), kind)
    kept, removed = centring_figure([found]).data
    np.testing.assert_array_equal(kept.y, found.kept[:SHOWN])
    np.testing.assert_array_equal(removed.y, found.removed[:SHOWN])
    if kind != "cross":  # a rank-one positive term can only raise singular values
        assert np.all(found.kept[: len(found.removed)] >= found.removed * (1 - 1e-9))
    assert 0 <= found.cone_of_first <= 1


@pytest.mark.parametrize("unit", ["rank", "share"])
def test_the_band_of_chance_lies_below_what_was_planted(embeddings, report, unit):
    chance = _chance(embeddings, "image")
    band = numbers_uncertainty.chance_band(report, chance)
    figure = spectrum_figure([report], unit=unit, overlays={"image": band})
    high, low = figure.data[:2]
    np.testing.assert_array_equal(high.y, band.high)  # nothing of it is below the floor of the axis
    np.testing.assert_array_equal(low.y, band.low)
    np.testing.assert_array_equal(band.high, chance.max(axis=0))
    assert np.all(report.values[:6] > np.asarray(high.y)[:6])
    assert numbers_uncertainty.above_chance(report, chance) == 6
    counts = next(
        t for t in bulk_figure([report], chance={"image": chance}).data if t.name == "columns shuffled"
    )
    assert sum(counts.y) == pytest.approx((chance / report.edge <= SHOWN_EDGES).sum() / len(chance))


def test_the_bootstrap_band_lies_around_the_values(embeddings, report):
    matrix = Matrix(kind="image")
    sides = sides_of(embeddings, matrix)
    drawn = np.stack([v.numpy() for v in resampled_of(sides, matrix, n_resamples=40)])
    band = numbers_uncertainty.bootstrap_band(report, drawn)
    assert np.all(band.low <= report.values)
    assert np.all(report.values <= band.high)
    assert not band.is_chance


def test_rules_stand_side_by_side_and_one_that_cannot_says_why(report):
    results = (
        numbers_rules.RuleResult(rule="mp-iqr", report=report),
        numbers_rules.RuleResult(rule="cross-modal", reason="needs <pairs>"),
    )
    shown = rules_table(results, chosen="mp-iqr", by_hand=None)
    assert shown.count('<tr class="now">') == 1
    assert "needs &lt;pairs&gt;" in shown
    assert f"<td>{report.count('noise')}</td>" in shown
    assert "moved by hand" in rules_table(results, chosen="mp-iqr", by_hand=report)


@pytest.fixture(scope="module")
def three_bands(report) -> Bands:
    moved = report.moved(noise=0.98, strong=report.values[2] / report.tau_strong * 1.0001)
    assert [moved.count(band) > 1 for band in ("strong", "weak", "noise")] == [True] * 3
    return moved


@pytest.mark.parametrize("unit", ["rank", "share"])
def test_shades_fill_the_panel_and_end_between_the_last_direction_of_a_band_and_the_next(three_bands, unit):
    figure = spectrum_figure([three_bands], unit=unit)
    size = len(three_bands.values) if unit == "share" else 1
    points = {t.name: t for t in figure.data if t.mode == "markers"}
    edge = 0.5
    for shape, band in zip(figure.layout.shapes, ("strong", "weak", "noise"), strict=True):
        assert (shape.yref, shape.y0, shape.y1) == ("y domain", 0, 1)
        assert shape.x0 * size == pytest.approx(edge)
        edge += three_bands.count(band)
        assert shape.x1 * size == pytest.approx(edge)
        assert max(points[band].x) * size == pytest.approx(edge - 0.5)
        assert len(points[band].x) == three_bands.count(band)


@pytest.mark.parametrize("unit", ["rank", "share"])
def test_a_dot_marks_the_last_direction_of_strong_and_of_weak(three_bands, unit):
    figure = cumulative_figure([three_bands], unit=unit)
    curve, *dots = figure.data
    for dot, end in zip(
        dots,
        (three_bands.count("strong"), three_bands.count("strong") + three_bands.count("weak")),
        strict=True,
    ):
        assert (dot.x[0], dot.y[0]) == (curve.x[end - 1], curve.y[end - 1])
        assert dot.y[0] == pytest.approx(float(three_bands.energy[:end].sum()))
        assert f"{end} directions" in dot.hovertemplate
