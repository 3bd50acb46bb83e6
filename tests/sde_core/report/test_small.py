"""The small figures of cards: what is drawn is where its number is."""

import re

import numpy as np
import pytest

import sde_core as sde
from sde_core.partition.manual import ManualRankRule
from sde_core.report.small import curves, differences, reached, recall_curves, strip
from sde_core.vocabulary import BANDS

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(60, 12)).astype(np.float32)
TEXT = (IMAGE + RNG.normal(size=(60, 12))).astype(np.float32)


def _lines(page: str, kind: str) -> list[tuple[str, np.ndarray]]:
    """Return the colour and the points of each line of a kind."""
    found = re.findall(rf'<polyline class="{kind}" points="([^"]*)" stroke="var\(--(\w+)\)"', page)
    return [(colour, np.array([p.split(",") for p in points.split()], float)) for points, colour in found]


def test_spectra_fall_to_the_right_each_in_its_colour_and_are_named():
    both = [(np.array([9.0, 3.0, 1.0]), ["image"] * 3), (np.array([4.0, 2.0]), ["text"] * 2)]
    page = curves(both, "two", legend={"image": "image", "text": "text"})
    for values, colours in both:
        drawn = re.findall(rf'cy="([\d.]+)" r="2.2" style="--c:var\(--{colours[0]}\)"', page)
        heights = np.array(drawn, float)
        assert len(heights) == len(values)
        assert (np.diff(heights) > 0).all()  # down the page
    apart = re.findall(r'cy="([\d.]+)" r="2.2"', page)
    # A factor of 3 is the same distance wherever it is: the axis is logarithmic.
    first, second, third = (float(y) for y in apart[:3])
    assert second - first == pytest.approx(third - second, abs=0.02)
    assert page.count('class="mark"') == 2


def test_a_strip_is_as_wide_by_band_as_there_are_directions():
    part = sde.partition_spectrum(sde.compute_spectrum(IMAGE), ManualRankRule(n_strong=3, n_weak=4))
    widths = {
        band: float(width) + 0.6
        for width, band in re.findall(
            r'width="([\d.]+)" height="[\d.]+" fill="var\(--(\w+)\)"', strip(part, "bands")
        )
    }
    assert [widths[band] / sum(widths.values()) for band in BANDS] == pytest.approx(
        [3 / 12, 4 / 12, 5 / 12], abs=1e-3
    )


def test_recall_rises_to_all_queries_and_starts_at_recall_at_one():
    ranks = sde.retrieval_ranks(IMAGE, TEXT, np.arange(60))
    page = recall_curves(ranks, "recall")
    metrics = sde.metrics_from_ranks(ranks)
    lines = _lines(page, "curve")
    assert [colour for colour, _ in lines] == ["text", "image"]
    for (_, points), way in zip(lines, ("image_retrieval", "text_retrieval"), strict=True):
        share = (148 - points[:, 1]) / (148 - 24)
        assert (np.diff(share) >= 0).all()
        assert share[0] == pytest.approx(metrics[f"{way}_recall@1"], abs=1e-3)
        assert share[-1] == pytest.approx(1.0, abs=1e-3)
    for _, points in _lines(page, "chance"):
        assert (148 - points[0, 1]) / (148 - 24) == pytest.approx(1 / 60, abs=1e-3)


def test_an_interval_is_where_its_numbers_are():
    table = sde.compare_retrieval(
        IMAGE, TEXT, np.arange(60), sde.fit_all(IMAGE, TEXT, names=["raw", "whitening"])
    )
    page = differences(table, "recall@1", "one row")
    (zero,) = (points[0, 0] for colour, points in _lines(page, "axis") if colour == "ink")
    drawn = dict(_lines(page, "curve"))
    found = {"text": "image_retrieval", "image": "text_retrieval"}
    scales = []
    for colour, way in found.items():
        interval = table[1].differences[f"{way}_recall@1"]
        for at, value in zip(drawn[colour][:, 0], (interval.low, interval.high), strict=True):
            if value:
                scales.append((at - zero) / value)
            else:
                assert at == pytest.approx(zero, abs=0.02)
    assert scales == pytest.approx([scales[0]] * len(scales), rel=1e-2)


def test_a_bar_is_as_long_as_its_share_of_the_bound_whose_line_stands_at_all_of_it():
    page = reached([("half", 0.5), ("all", 1.0), ("beyond", 1.5)], "shares")
    bars = [float(w) + 0.6 for w in re.findall(r'class="bar" x="[\d.]+" y="[\d.]+" width="([\d.]+)"', page)]
    [*_, (_, line)] = _lines(page, "axis")
    whole = line[0, 0] - 200
    assert [bar / whole for bar in bars] == pytest.approx([0.5, 1.0, 1.5], abs=0.01)
