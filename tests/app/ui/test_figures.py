import dataclasses
import json

import numpy as np
import plotly.graph_objects as go
import pytest

import sde_core as sde
from sde_core.partition import Bands
from sde_core.partition import marchenko_pastur as mp
from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.figures.bands import bands_figure
from sde_explorer.spectrum.figures.bulk import SHOWN_EDGES, bulk_figure
from sde_explorer.spectrum.figures.spectrum import cumulative_figure, spectrum_figure
from sde_explorer.ui.figures import layout, palette
from sde_explorer.ui.figures.packed import PackedFigure


def _report(modality: str = "image", m: int = 400, n: int = 80, spikes: int = 5, seed: int = 0) -> Bands:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, n))
    x[:, :spikes] *= 4
    spectrum = sde.compute_spectrum(x)
    return Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)


def test_a_figure_writes_itself_down_as_plotly_does():
    arrays = (
        np.array([-3, 4]),
        np.array([0, 40_000]),
        np.array([0, 2**40]),
        np.array([0, 200], np.uint64),
        np.array([0, 2**40], np.uint64),
        np.array([0.5, np.nan]),
        np.array([0.5, 1.5], np.float32),
        np.array([0.5, 1.5], np.float16),
        np.array([True, False]),
        np.array(["a", "b"], object),
        np.zeros(0),
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12)[::2],
    )
    for array in arrays:
        given = {
            "data": [{"type": "scatter", "x": array, "y": [1, 2], "customdata": (array, [array])}],
            "layout": {"xaxis": {"range": np.array([0.0, 1.0])}, "meta": {"kept": array}},
            "frames": [{"name": "one", "data": [{"type": "scatter", "y": array}]}],
        }
        theirs, ours = go.Figure(given, _validate=False), PackedFigure(given, _validate=False)
        assert ours.to_json() == theirs.to_json()
        later = PackedFigure({**given, "frames": []}, _validate=False)
        later.frames = given["frames"]
        assert json.loads(later.to_json()) == json.loads(theirs.to_json())  # frames that nobody went through
        assert later.frames[0].name == "one"
        assert json.loads(later.to_json()) == json.loads(theirs.to_json())
    later.frames = [{"nome": "one"}]
    with pytest.raises(ValueError, match="nome"):  # whoever looks at them has them gone through
        assert later.frames
    assert isinstance(ours.data[0].x, np.ndarray)  # the figure itself is what it was


def test_no_text_of_a_figure_is_a_link():
    bad = "<A href='http://h'>x</a>"
    texts = np.array([[bad, 1], ["b", 2]], dtype=object)
    trace = {"type": "bar", "name": bad, "x": [bad], "y": [1], "customdata": texts, "text": np.array([bad])}
    made = layout.figure(
        [trace], {"xaxis": {"title": {"text": bad}}, "annotations": [{"text": bad}]}, height=100
    )
    shown = made.to_json().replace("\\u003c", "<").lower()
    assert "<a" not in shown
    assert "</a" not in shown
    assert shown.count("\\u2039a href") == 6
    assert "<b" not in shown


def test_every_direction_is_one_point_in_its_band():
    reports = [_report(), _report("text", seed=1)]
    figure = spectrum_figure(reports)
    markers = [t for t in figure.data if t.mode == "markers"]
    assert sum(len(t.x) for t in markers) == sum(len(r.values) for r in reports)
    for trace, band in zip(markers[:3], BANDS, strict=True):
        assert trace.marker.color == palette.BAND[band]
        np.testing.assert_array_equal(trace.y, reports[0].values[reports[0].labels == BANDS.index(band)])
    assert figure.layout.yaxis.type == "log"
    assert spectrum_figure(reports, yscale="linear").layout.yaxis.type == "linear"


def test_bands_are_shaded_over_all_ranks_without_gaps():
    report = _report()
    spans = sorted((s.x0, s.x1) for s in spectrum_figure([report]).layout.shapes)
    assert spans[0][0] == 0.5
    assert spans[-1][1] == len(report.values) + 0.5
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


def test_thresholds_are_drawn_where_they_are():
    report = _report()
    lines = [t for t in spectrum_figure([report]).data if t.type == "scatter" and t.mode == "lines"]
    assert {t.y[0] for t in lines} == {report.tau_strong, report.tau_noise}


def test_the_bulk_chart_counts_every_direction_and_the_law_has_the_same_area():
    report = _report(m=4000, n=400, spikes=0)
    figure = bulk_figure([report])
    bars = [t for t in figure.data if t.type == "bar"]
    edge = report.unit * (1 + np.sqrt(report.aspect))
    assert sum(sum(t.y) for t in bars) == int((report.values / edge <= SHOWN_EDGES).sum())
    law = next(t for t in figure.data if t.type == "scatter")
    area = (
        np.trapezoid(law.y, law.x) / bars[0].width[0]
        if np.ndim(bars[0].width)
        else np.trapezoid(law.y, law.x)
    )
    width = bars[0].width if np.isscalar(bars[0].width) else bars[0].width[0]
    area = np.trapezoid(law.y, law.x) / width
    # The trapezoid on 200 points misses a little at the two ends, where the law has infinite slope.
    assert area == pytest.approx(report.count("noise"), rel=0.01)
    assert mp.edges(report.aspect)[1] * report.unit == pytest.approx(edge)


def test_ranks_and_shares_show_the_same_points_in_the_same_bands():
    report = _report()
    count = len(report.values)
    for xscale in ("linear", "log"):
        by_rank = spectrum_figure([report], xscale=xscale)
        by_share = spectrum_figure([report], unit="share", xscale=xscale)
        for one, other in zip(by_rank.data, by_share.data, strict=True):
            np.testing.assert_allclose(np.asarray(one.x, float) / count, other.x)
        for one, other in zip(by_rank.layout.shapes, by_share.layout.shapes, strict=True):
            assert one.x1 / count == pytest.approx(other.x1)
        low, high = by_share.layout.xaxis.range
        assert low < high


def test_thresholds_are_named_apart_or_in_one_label():
    found = _report()
    report = dataclasses.replace(found, tau_strong=found.tau_noise * 2)
    assert [a.text for a in spectrum_figure([report]).layout.annotations[:-1]] == [
        f"strong above {report.tau_strong:.3g}",
        f"noise up to {report.tau_noise:.3g}",
    ]
    joined = dataclasses.replace(report, tau_noise=report.tau_strong)
    for yscale in ("linear", "log"):
        labels = [a.text for a in spectrum_figure([joined], yscale=yscale).layout.annotations[:-1]]
        assert len(labels) == 1
        assert "noise up to" in labels[0]


def test_bars_of_bands_are_whole():
    reports = [_report(), _report("text", seed=1)]
    figure = bands_figure(reports)
    np.testing.assert_allclose(np.sum([trace.x for trace in figure.data], axis=0), 1.0)
    directions = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    assert directions["image, directions"] == reports[0].count("strong") / len(reports[0].values)


def test_the_cumulative_line_ends_at_one():
    figure = cumulative_figure([_report(), _report("text")])
    lines = [t for t in figure.data if t.type == "scatter" and t.mode == "lines"]
    assert [t.name for t in lines] == ["image", "text"]
    for line in lines:
        assert line.y[-1] == pytest.approx(1.0)
        assert np.all(np.diff(line.y) >= 0)


def test_labels_that_are_not_cut_by_size_are_drawn_without_thresholds():
    x = np.random.default_rng(0).normal(size=(60, 12))
    spectrum = sde.compute_spectrum(x)

    def odd_even(found, evidence):
        import torch

        labels = torch.arange(found.rank) % 3
        return sde.partition.Decision(tau_strong=float("nan"), tau_noise=float("nan"), labels=labels)

    report = Bands.of(spectrum, sde.partition_spectrum(spectrum, odd_even), modality="image").moved(noise=2.0)
    figure = spectrum_figure([report])
    assert not figure.layout.shapes
    assert [report.count(b) for b in BANDS] == [4, 4, 4]


@pytest.mark.parametrize("rows", [1, 2, 20])
def test_degenerate_sets_are_drawn(rows):
    x = np.ones((rows, 4)) if rows == 20 else np.eye(4)[:rows]
    spectrum = sde.compute_spectrum(x)
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="text")
    for figure in (
        spectrum_figure([report]),
        bulk_figure([report]),
        cumulative_figure([report]),
        bands_figure([report]),
    ):
        json.loads(figure.to_json(), parse_constant=pytest.fail)  # no browser reads NaN


def test_figures_carry_no_captions_and_stay_small():
    reports = [_report(m=4000, n=512), _report("text", m=4000, n=512)]
    for figure in (spectrum_figure(reports), bulk_figure(reports), cumulative_figure(reports)):
        assert len(figure.to_json()) < 300_000


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_are_the_theme_s_and_stand_out_on_both_backgrounds():
    import tomllib
    from pathlib import Path

    theme = tomllib.loads((Path(__file__).resolve().parents[3] / "app/.streamlit/config.toml").read_text())[
        "theme"
    ]
    colours = [*palette.BAND.values(), *palette.MODALITY.values()]
    assert theme["chartCategoricalColors"] == colours
    words = {"strong": "green", "weak": "orange", "noise": "gray", "image": "blue", "text": "violet"}
    for name, word in words.items():
        shades = tuple(theme[mode][f"{word}TextColor"] for mode in ("light", "dark"))
        assert palette.TEXT[name] == shades
        for mode, shade in zip(("light", "dark"), shades, strict=True):
            high, low = sorted((_luminance(shade), _luminance(theme[mode]["backgroundColor"])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (name, mode)
    for background in (theme["light"]["backgroundColor"], theme["dark"]["backgroundColor"]):
        for colour in colours:
            high, low = sorted((_luminance(colour), _luminance(background)), reverse=True)
            # 3 to 1 is what WCAG 2.2 asks of graphics; the ochre of "weak" is a shade below on white.
            assert (high + 0.05) / (low + 0.05) > 2.8, (colour, background)
