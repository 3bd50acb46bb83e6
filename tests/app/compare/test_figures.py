import json
import math

import numpy as np
import pytest
import torch
from scipy.stats import hypergeom

import sde_core as sde
from sde_core import EmbeddingSet
from sde_core.partition import Bands
from sde_explorer.compare import tables as compare_tables
from sde_explorer.compare import words
from sde_explorer.compare.figures.retrieval import differences_figure
from sde_explorer.compare.figures.spaces import angles_figure, cka_figure, kept_figure
from sde_explorer.compare.figures.spectra import DASH, compared_spectra_figure
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.compare.numbers.measures import compared_retrieval, neighbours, similarity
from sde_explorer.compare.numbers.subspaces import Side, compare_subspaces
from sde_explorer.readings.matrices import vectors_of
from sde_explorer.ui.figures import palette
from tests.app.compare.test_page import turned
from tests.app.conftest import spiked

A = spiked()
B = turned(A, 32)


def quiet(share: float, note: str) -> None:
    assert 0 <= share <= 1
    assert note


def measured(first: EmbeddingSet = A, second: EmbeddingSet = B):
    texts = compare.pair_texts(first, second)
    pairs = compare.pair_rows(first, texts)
    items = {m: compare.items_of(first, texts, m) for m in ("image", "text")}
    return (
        similarity(first, second, items["image"], pairs, quiet),
        [neighbours(m, first, second, items[m], quiet) for m in ("image", "text")],
        compared_retrieval(first, second, pairs, quiet),
    )


def bands(embeddings: EmbeddingSet, modality: str):
    spectrum = sde.compute_spectrum(vectors_of(embeddings, modality))
    return spectrum, Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)


def subspaces(first: EmbeddingSet, second: EmbeddingSet, modality: str = "image"):
    items = compare.items_of(first, compare.pair_texts(first, second), modality)
    sides = []
    for one, rows in ((first, items.first), (second, items.second)):
        spectrum, report = bands(one, modality)
        sides.append(Side(rows=vectors_of(one, modality)[rows], spectrum=spectrum, labels=report.labels))
    return compare_subspaces(modality, *sides, items)


def rotated(source: EmbeddingSet) -> EmbeddingSet:
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(source.width, source.width)))[0]
    return EmbeddingSet.from_arrays(
        (source.image @ basis).astype(np.float32), (source.text @ basis).astype(np.float32)
    )


def test_a_rotated_copy_is_the_same_but_in_feature_space():
    twin = rotated(A)
    alike, near, found = measured(A, twin)
    assert alike.between("image")[0] == pytest.approx(1, abs=1e-5)
    assert alike.between("text")[1] < 0.1
    assert all(one.overlap.mean() > 0.99 for one in near)  # float32 may swap two equal ones
    assert found.first["text_retrieval_recall@1"] == pytest.approx(found.second["text_retrieval_recall@1"])
    parts = subspaces(A, twin)
    assert parts.sample.degrees.max() < 0.1
    assert parts.sample.overlap == pytest.approx(1, abs=1e-5)
    assert parts.feature is not None
    low, _, high = parts.feature.chance
    # One random rotation is one draw more: about as far as the twelve of the control.
    assert np.all(np.abs(parts.feature.degrees - (low + high) / 2) < 3 * (high - low) + 5)


def test_chance_is_what_unrelated_sets_reach():
    other = spiked(seed=9)
    alike, near, found = measured(A, other)
    for modality in ("image", "text"):
        value, chance = alike.between(modality)
        assert value == pytest.approx(chance, abs=0.02)
    for one in near:
        assert one.chance == pytest.approx(10 / 299)
        assert one.overlap.mean() == pytest.approx(one.chance, abs=0.01)
    assert not np.array_equal(near[0].first, near[0].second)
    assert math.isfinite(found.differences["text_retrieval_recall@1"].estimate)
    parts = subspaces(A, other)
    assert parts.sample.overlap == pytest.approx(parts.sample.chance_overlap, abs=0.05)
    # A random subspace has k / n of its length in k of n directions.
    assert parts.feature.chance_overlap == pytest.approx(parts.counts[1] / 48, abs=0.05)
    assert parts.bands_chance.sum() == pytest.approx(1)
    # The weak band of A is empty; the others lie somewhere in B, which has every direction.
    np.testing.assert_allclose(parts.bands.sum(axis=1), [1, np.nan, 1], atol=1e-9)


def test_the_most_changed_rows_are_those_that_were_moved():
    image = A.image.copy()
    moved = [5, 80, 200]
    image[moved] = A.image[[6, 81, 201]] + 0.01
    _, near, _ = measured(A, EmbeddingSet.from_arrays(image, A.text, captions=A.captions))
    assert set(near[0].most_changed(3).tolist()) == set(moved)
    assert (near[0].moved[moved] > 0).all()


def test_without_a_strong_band_the_first_directions_stand_in():
    noise = EmbeddingSet.from_arrays(*(np.random.default_rng(s).normal(size=(300, 48)) for s in (1, 2)))
    found = subspaces(A, noise)
    assert not found.are_strong
    assert found.counts == (10, 10)
    assert "a set has no strong one" in words.angles_story(found, feature=True)


def test_both_spectra_lie_on_each_other_as_shares():
    pairs = [(bands(A, m)[1], bands(B, m)[1]) for m in ("image", "text")]
    figure = compared_spectra_figure(pairs)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [trace.name for trace in lines] == ["A", "B", "A", "B"]
    for trace, report in zip(lines, (r for two in pairs for r in two), strict=True):
        assert np.sum(trace.y) == pytest.approx(1)
        np.testing.assert_array_equal(trace.x, np.arange(1, len(report.values) + 1))
        assert trace.line.color == palette.KIND[report.modality]
        assert trace.line.dash == DASH[trace.name[0]]
    share = compared_spectra_figure(pairs, unit="share", yscale="linear")
    assert all(max(trace.x) == 1 for trace in share.data if trace.mode == "lines")
    ends = [trace for trace in figure.data if trace.mode == "markers"]
    assert ends[0].x[0] == pairs[0][0].count("strong")
    assert "effective rank" in words.spectra_story(pairs)


def test_every_two_spaces_show_their_cka_and_its_chance():
    alike, _, _ = measured()
    figure = cka_figure(alike)
    heat, labels = figure.data
    np.testing.assert_allclose(np.array(heat.z)[0, 2], alike.between("image")[0])
    assert len(labels.text) == 12
    assert labels.text[1] == f"{alike.cka[0, 2]:.2f}<br>chance {alike.chance[0, 2]:.3f}"
    assert "Pictures and captions agree" in words.cka_story(alike)


def test_the_bars_hold_every_row_and_the_dotted_line_is_chance():
    _, near, _ = measured()
    figure = kept_figure(near)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [trace.name for trace in bars] == ["image", "text"]
    assert all(np.sum(trace.y) == pytest.approx(1) for trace in bars)
    chance = figure.data[1]
    assert np.dot(chance.y, chance.x) == pytest.approx(10 * near[0].chance)
    law = hypergeom(len(near[0].overlap) - 1, near[0].k, near[0].k)
    np.testing.assert_allclose(chance.y, law.pmf(chance.x), rtol=1e-9)  # scipy takes logarithms of factorials
    assert f"{10 * near[0].overlap.mean():.1f} of 10 neighbours stay" in words.kept_story(near)


def test_angles_ascend_and_stand_beside_those_of_chance():
    found = subspaces(A, spiked(seed=4))
    figure = angles_figure([("image", found.feature), ("text", found.sample)])
    drawn = [trace for trace in figure.data if trace.name == "A to B"]
    assert len(drawn) == 2
    for trace in drawn:
        assert (np.diff(trace.y) >= 0).all()
        assert 0 <= min(trace.y) <= max(trace.y) <= 90.0001
    middle = next(trace for trace in figure.data if trace.name == "by chance")
    np.testing.assert_allclose(middle.y, found.feature.chance[1])


def test_differences_are_points_with_their_intervals():
    _, _, found = measured()
    figure = differences_figure(found)
    first = found.differences["image_retrieval_recall@1"]
    assert figure.data[0].x[0] == pytest.approx(100 * first.estimate)
    assert figure.data[0].error_x.arrayminus[0] == pytest.approx(100 * (first.estimate - first.low))
    solid = figure.data[0].marker.symbol[0] == "circle"
    assert solid == first.excludes_zero
    table = compare_tables.retrieval_table(found)
    assert f"{100 * found.first['text_retrieval_recall@1']:.1f}\u00a0%" in table
    assert "not the seed of a training" in words.retrieval_story(found)


def test_figures_hold_no_captions_and_are_small():
    alike, near, found = measured()
    parts = subspaces(A, B)
    figures = [cka_figure(alike), kept_figure(near), differences_figure(found)]
    figures.append(angles_figure([("image", parts.sample)]))
    for figure in figures:
        text = figure.to_json()
        assert "caption <b>" not in text
        assert len(text) < 30_000
        json.loads(text)


def test_a_space_on_a_point_has_no_cka():
    flat = EmbeddingSet.from_arrays(np.ones((300, 4)), A.text[:, :4].copy(), captions=A.captions)
    alike, _, _ = measured(A, flat)
    assert math.isnan(alike.between("image")[0])
    assert "a side is one point" in words.cka_story(alike)
    assert "–" in cka_figure(alike).data[1].text[1]
    torch.testing.assert_close(torch.tensor(alike.between("text")[0] > 0), torch.tensor(True))


def test_directions_of_a_are_named_where_the_pointer_rests_as_text():
    pairs = [tuple(bands(one, "image")[1] for one in (A, B))]
    figure = compared_spectra_figure(pairs, names={"image": ["<b>flags</b> 50 %"]})
    first, second = (next(t for t in figure.data if t.name == side) for side in "AB")
    assert first.text[0] == "<br><i>&lt;b&gt;flags&lt;/b&gt; 50 &#37;</i>"
    assert set(first.text[1:]) == {""} == set(second.text)
    assert "%{text}" in first.hovertemplate
