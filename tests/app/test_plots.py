"""`plot()` of a result is the figure that a view shows, made without streamlit; what cannot be drawn says why."""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.retrieval.chance import chance_recall
from sde_core.training.monitoring.following import FollowedRun
from sde_core.vocabulary import BANDS
from sde_explorer.retrieval.figures.table import difference_figure
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.training.figures.watch import watch_figure
from tests.app.conftest import spiked

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    return spiked(120, 24)


def _same(one, other):
    assert one.data == other.data
    assert one.layout.height == other.layout.height
    return True


def test_a_spectrum_is_drawn_as_the_view_draws_it(made):
    spectrum = sde.compute_spectrum(made.image)
    bands = sde.Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")
    assert _same(bands.plot(), spectrum_figure([bands]))
    shown = spectrum.plot()
    counts = {trace.name: len(trace.x) for trace in shown.data if trace.name in BANDS}
    assert counts == {band: bands.count(band) for band in BANDS}
    assert "image" not in str(shown.to_plotly_json())  # whose spectrum it is, it does not know
    assert "120 × 24" in shown.layout.annotations[-1].text


def test_a_set_is_drawn_as_the_overview_draws_it(made):
    both = [
        sde.Bands.of(found, sde.partition_spectrum(found), modality=side)
        for side, found in ((side, sde.compute_spectrum(made.vectors(side))) for side in sde.Modality)
    ]
    assert _same(made.plot(), spectrum_figure(both))
    with pytest.raises(sde.ConfigError, match="all its rows are equal"):
        sde.EmbeddingSet.from_arrays(np.ones((5, 3)), np.ones((5, 3))).plot()


def test_the_same_spectrum_without_a_single_direction_says_so():
    with pytest.raises(sde.ConfigError, match="all rows are equal"):
        sde.compute_spectrum(np.ones((5, 3))).plot()


def test_a_comparison_and_its_rows(made):
    table = sde.compare_retrieval(made.image, made.text, made.links, sde.fit_all(made.image, made.text)[:3])
    assert isinstance(table, sde.Comparison)
    raw, *rows = table
    differences = {way.label: [row.differences[f"{way}_recall@1"] for row in rows] for way in sde.Direction}
    assert _same(table.plot(), difference_figure([row.name for row in rows], differences, metric="R@1"))
    shown = rows[0].plot()
    told = {at: x for trace in shown.data for at, x in zip(trace.y, trace.x, strict=True)}
    assert told["image → text  R@5"] == pytest.approx(
        100 * rows[0].differences["text_retrieval_recall@5"].estimate
    )
    for alone in (raw, sde.Comparison([raw])):
        with pytest.raises(sde.ConfigError, match="compared with"):
            alone.plot()


def test_what_compression_costs_has_a_panel_for_each_code_that_was_measured(made):
    table = sde.compression_table(
        made.image,
        made.text,
        made.links,
        made.paired(),
        widths=(24, 8),
        axes=("pca",),
        codes=("int8", "1bit"),
        rescore=5,
    )
    shown = table.plot()
    drawn = {
        told: y
        for trace in shown.data
        if trace.customdata is not None
        for (told, *_), y in zip(trace.customdata, trace.y, strict=True)
    }
    assert drawn == {row.name: pytest.approx(100 * row.recall.estimate) for row in table if not row.rescore}
    assert (
        len([note for note in shown.layout.annotations if "int8" in note.text or "1 bit" in note.text]) == 3
    )


def test_what_bands_know_is_a_bar_a_direction(made):
    strong = made.image @ made.image.T[:, 0]  # a number that the first directions hold
    known = sde.band_knowledge(made, {"size": strong}, n_resamples=0)
    shown = known.plot()
    bars = [trace for trace in shown.data if trace.type == "bar"]
    heights = {int(x): y for bar in bars for x, y in zip(bar.x, bar.y, strict=True)}
    expected = known["size"].known.clamp(min=0).tolist()
    assert [heights[n] for n in sorted(heights)] == pytest.approx(expected)
    with pytest.raises(sde.ConfigError, match="no direction knows"):
        sde.band_knowledge(made, {"one": [0] * made.n_images}, n_resamples=0).plot()


def test_a_partition_is_a_bar_a_run_of_directions(made):
    found = sde.partition_spectrum(sde.compute_spectrum(made.image))
    mixed = replace(found, labels=torch.tensor([0, 0, 2, 1, 0, 2, 2]))
    for part in (found, mixed):
        labels = [-1] * len(part.labels)
        for place, trace in enumerate(part.plot().data):
            for start, count in zip(trace.base, trace.x, strict=True):
                first = round(start - 0.5)
                labels[first : first + count] = [place] * count
        assert labels == part.labels.tolist()
    with pytest.raises(sde.ConfigError, match="all rows are equal"):
        sde.partition_spectrum(sde.compute_spectrum(np.ones((5, 3)))).plot()


def test_ranks_are_recall_over_k_beside_chance(made):
    ranks = sde.retrieval_ranks(made.image, made.text, made.links)
    shown = ranks.plot()
    metrics = sde.metrics_from_ranks(ranks, ks := tuple(shown.data[0].x))
    assert {1, 5, 10, made.n_images} <= set(ks)
    for way, curve, chance in zip(sde.Direction, shown.data[::2], shown.data[1::2], strict=True):
        assert curve.name == way.label
        assert list(curve.y) == pytest.approx([metrics[f"{way}_recall@{k}"] for k in ks])
        assert list(chance.y) == pytest.approx([chance_recall([1], made.n_images, k) for k in ks])


def test_a_gap_is_its_parts_and_its_directions(made):
    parts = sde.gap_parts(made.image, made.text)
    bars, *by_direction = parts.plot().data
    assert [value for _, value in bars.customdata] == [
        parts.centroid,
        parts.trace,
        parts.covariance,
        parts.rotation,
    ]
    assert sum(bars.y) == pytest.approx(1)
    assert sum(sum(trace.y) for trace in by_direction) == pytest.approx(1)
    with pytest.raises(sde.ConfigError, match="there is no gap"):
        sde.gap_parts(np.eye(3)[[0, 0]], np.eye(3)[[0, 0]]).plot()


def test_a_parity_is_what_is_alike_beside_what_is_apart(made):
    found = sde.parity(made.image, made.image + np.float32(0.5))
    alike, apart = found.plot().data
    assert list(alike.x) == [
        found.figures[name] for name in ("row_cosine", "centred_cosine", "neighbours_kept")
    ]
    assert list(apart.x) == [
        found.figures[name] for name in ("residual", "mean_distance", "spectrum_distance")
    ]
    few = sde.parity(made.image[:9], made.image[:9])
    assert len(few.plot().data[0].x) == 2  # too few rows for neighbours


def test_a_certificate_is_what_was_measured_within_its_bounds(made):
    spectrum = sde.compute_spectrum(made.image)
    gains = sde.enhancement_gains(spectrum, sde.partition_spectrum(spectrum), 0.0)
    shown = sde.certify(gains, spectrum, made.image)
    (bars,) = shown.plot().data
    assert [tuple(pair) for pair in bars.customdata] == [
        (bound.measured, bound.bound) for bound in shown.bounds.values()
    ]
    with pytest.raises(sde.ConfigError, match="nothing was measured"):
        sde.certify(gains).plot()


def test_whatever_has_a_card_has_a_figure():
    """Cards are registered by type; those whose figure is another object's own are none here."""
    from sde_core.report.card import card
    from sde_explorer.plots import _figure

    assert {kind for kind in card.registry if kind is not object} <= set(_figure.registry)


def test_a_watched_run_is_drawn_as_the_view_draws_it(made, tmp_path):
    monitor = sde.SpectralMonitor(tmp_path / "run", every=1, in_background=False)
    for step in (1, 2):
        monitor.look(step, image=torch.from_numpy(made.image), text=torch.from_numpy(made.text))
    monitor.close()
    run = FollowedRun(tmp_path / "run", tuple(sde.read_looks(tmp_path / "run")))
    assert _same(run.plot(), watch_figure([run], list(sde.Modality), height=460))
    with pytest.raises(sde.ConfigError, match="no look yet"):
        FollowedRun(tmp_path / "none").plot()


def test_without_plotly_the_remedy_is_one_sentence(made, monkeypatch):
    spectrum = sde.compute_spectrum(made.image)
    for missing in ("sde_explorer", "plotly"):
        with monkeypatch.context() as patch:
            for name in [n for n in sys.modules if n.split(".")[0] in ("sde_explorer", "plotly")]:
                patch.delitem(sys.modules, name)
            patch.setitem(sys.modules, missing, None)  # as where it is not installed
            with pytest.raises(sde.ConfigError, match=rf"needs {missing}\S*, which .* pip install"):
                spectrum.plot()


def test_a_figure_needs_no_streamlit():
    """All that `plots` imports when it is imported, however deep: none of it is streamlit."""
    left, seen = ["sde_explorer.plots"], set()
    while left:
        name = left.pop()
        place = ROOT / "app" / name.replace(".", "/")
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if name in seen or not file.is_file():
            continue
        seen.add(name)
        for node in ast.parse(file.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            assert not {n for n in names if n.split(".")[0] == "streamlit"}, name
            left += [part for n in names for part in (n, n.rpartition(".")[0])]
    assert "sde_explorer.ui.figures.layout" in seen
