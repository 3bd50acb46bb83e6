"""What retrieval changes, as numbers, figures and sentences; no browser and no streamlit."""

import json
import re

import numpy as np
import pytest

import sde_core as sde
from sde_core.retrieval.bootstrap import Interval
from sde_core.treatments.sweep import SettingSweep
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.sweeps import sweep_figure
from sde_explorer.retrieval.figures.table import SAME, change_figure, difference_figure, verdict
from sde_explorer.retrieval.numbers import table as recall
from sde_explorer.retrieval.numbers.export import table_content, table_rows
from sde_explorer.retrieval.numbers.queries import change_of, change_points, extremes
from sde_explorer.retrieval.numbers.table import THIRDS, parts_of, recall_rows, treatment_config
from sde_explorer.retrieval.table import recall_table, signed
from sde_explorer.state import State
from sde_explorer.ui.figures import palette
from tests.app.retrieval.conftest import several


@pytest.mark.parametrize("captions", ["primary", "all"])
@pytest.mark.parametrize("shares", [recall.HALVES, THIRDS])
def test_a_part_knows_its_rows_in_the_whole_set(captions, shares):
    whole = several()
    parts = parts_of(whole, captions, shares)
    for i, part in enumerate(parts):
        made = part.embeddings
        assert made.image_ids == tuple(whole.image_ids[r] for r in part.images)
        assert made.captions == tuple(whole.captions[r] for r in part.texts)
        np.testing.assert_array_equal(made.text, whole.text[part.texts])
        shown = whole.links[np.isin(whole.links[:, 1], part.images)]
        n_texts = len(set(shown[:, 0])) if captions == "all" or i == 0 else len(set(shown[::3, 0]))
        assert made.n_texts == n_texts
        ids = part.queries("image_retrieval")
        assert whole.captions[ids[3] - whole.n_images] == made.captions[3]
    assert sum(len(part.images) for part in parts) == 119  # one has no caption


def test_rows_are_those_of_the_library_and_say_what_stands_first(measured):
    _, (fit, test), rows = measured
    made, gallery = fit.embeddings, test.embeddings
    config = sde.TreatmentConfig()
    expected = sde.compare_retrieval(
        gallery.image,
        gallery.text,
        gallery.links,
        sde.fit_all(made.image, made.text, paired=made.paired(), config=config),
        resampling=sde.Resampling(seed=0),
    )
    assert [row.compared.as_dict() for row in rows] == [row.as_dict() for row in expected]
    raw = rows[0]
    cosine = sde.cosine_score
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (gallery.image, gallery.text)]
    import torch

    scores = cosine(torch.tensor(unit[0]), "image_retrieval")(torch.tensor(unit[1])).numpy()
    np.testing.assert_array_equal(raw.first["image_retrieval"], scores.argmax(axis=1))
    for row in rows:
        for way in recall.WAYS.values():
            column = 0 if way == "image_retrieval" else 1
            answer = gallery.links[np.argsort(gallery.links[:, column]), 1 - column]  # one right answer each
            is_first = row.first[way] == answer
            np.testing.assert_array_equal(is_first, getattr(row.compared.ranks, way).best_rank.numpy() == 1)


def test_the_gap_is_that_of_what_is_compared(measured):
    _, (_, test), rows = measured
    there = {row.name: row for row in rows}
    plain = sde.alignment_metrics(*test.embeddings.paired())["modality_gap"]
    assert there["raw"].gap == pytest.approx(plain, rel=1e-6)
    assert there["csls"].gap == there["raw"].gap
    assert not there["csls"].moves
    assert there["sde-enhanced"].gap != there["raw"].gap
    assert [row.name for row in recall.in_order(rows[::-1])] == list(sde.comparison_names())


def test_rows_that_leave_the_vectors_where_they_are_share_one_gap(monkeypatch):
    fit, test = parts_of(several(), "all")
    made, names = fit.embeddings, ("raw", "mean-shift", "csls", "nnn")
    known = sde.fit_all(made.image, made.text, paired=made.paired(), names=names)
    wanted = [recall.gap_of(test.embeddings, treatment) for treatment in known]
    counted, gap = [], sde.modality_gap
    monkeypatch.setattr(recall.sde, "modality_gap", lambda *pair: counted.append(1) or gap(*pair))
    rows = list(recall_rows(test, known, lambda name, share: None))
    assert [row.gap for row in rows] == wanted
    assert (len(rows), len(counted)) == (4, 2)


def test_the_rows_follow_the_state():
    state = State(
        transform="pruned", noise=0.5, strong=2.0, t=0.3, rho=0.4, center="kept", strong_mode="adversarial"
    )
    config = treatment_config(state)
    assert (config.kind, config.center, config.noise_factor, config.strong_factor) == (
        "prune",
        None,
        0.5,
        2.0,
    )
    assert (config.progress, config.curriculum.rho) == (0.3, 0.4)
    assert config.curriculum.strong == "amplify"  # the other one needs a loss
    assert treatment_config(State()) == sde.TreatmentConfig()


def test_work_tells_how_far_it_is_and_stops(measured):
    _, (fit, test), _ = measured
    treatments = sde.fit_all(fit.embeddings.image, fit.embeddings.text, names=["csls"])
    seen = []
    list(recall_rows(test, treatments, lambda name, share: seen.append((name, share))))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert {name for name, _ in seen} == {"raw", "csls"}

    def stop(name, share):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(recall_rows(test, treatments, stop))


def test_a_part_with_few_scores_is_ranked_at_once_and_alike(measured, monkeypatch):
    _, (fit, test), _ = measured
    made = fit.embeddings
    known = sde.fit_all(made.image, made.text, paired=made.paired(), names=["sde-pruned", "csls"])
    seen, quick, slow = [], [], []
    quick += recall_rows(test, known, lambda name, share: seen.append(share))
    assert seen == sorted(seen)
    assert len(seen) == 2 * len(known)
    monkeypatch.setattr(recall, "QUICK_SCORES", 0)
    slow += recall_rows(test, known, lambda name, share: seen.append(share))
    for one, other in zip(quick, slow, strict=True):
        assert one.compared.as_dict() == other.compared.as_dict()
        for way in recall.WAYS.values():
            np.testing.assert_array_equal(one.first[way], other.first[way])
            assert one.first[way] is one.first[way]  # looked up once


@pytest.mark.parametrize("captions", ["primary", "all"])
def test_the_most_changed_queries_and_what_stood_first(captions):
    whole = several()
    fit, test = parts_of(whole, captions)
    treatments = sde.fit_all(fit.embeddings.image, fit.embeddings.text, names=["whitening"])
    raw, row = recall_rows(test, treatments, lambda name, share: None)
    for way, prefix in recall.WAYS.items():
        won, lost = extremes(test, raw, row, prefix, 5)
        change = change_of(raw, row, prefix)
        assert change.better + change.same + change.worse == len(test.queries(prefix))
        assert won, way
        assert [c.after / c.before for c in won] == sorted(c.after / c.before for c in won)
        assert [c.after / c.before for c in lost] == sorted((c.after / c.before for c in lost), reverse=True)
        links = {(int(t), int(i)) for t, i in whole.links}
        for card in (*won, *lost):
            pair = (card.query, card.answer) if prefix == "image_retrieval" else (card.answer, card.query)
            assert pair in links
            first = (
                (card.query, card.first_after)
                if prefix == "image_retrieval"
                else (card.first_after, card.query)
            )
            assert (first in links) == (card.after == 1)


def test_of_too_many_points_the_changed_ones_stay(measured):
    _, (_, test), rows = measured
    change = change_of(rows[0], rows[1], "image_retrieval")
    every = change_points(test, change, "image_retrieval")
    assert len(every.ids) == every.n_queries == 200
    moved = int((every.kind > 0).sum())
    some = change_points(test, change, "image_retrieval", most=moved + 10)
    assert int((some.kind > 0).sum()) == moved
    assert len(some.ids) == moved + 10
    few = change_points(test, change, "image_retrieval", most=7)
    assert (few.kind > 0).all()


def _interval(low, estimate, high):
    return Interval(estimate=estimate, low=low, high=high, level=0.95)


def test_a_verdict_needs_an_interval_without_zero_and_fewer_ranks_are_better():
    assert verdict(_interval(0.01, 0.02, 0.03), "R@1") == "better"
    assert verdict(_interval(0.01, 0.02, 0.03), "median rank") == "worse"
    assert verdict(_interval(-3, -2, -1), "median rank") == "better"
    assert verdict(_interval(-0.01, 0.02, 0.03), "MRR") == SAME


def test_the_chart_of_differences_shows_every_interval_in_points():
    found = {
        "text → image": [_interval(0.01, 0.02, 0.04), None, _interval(-0.01, 0.0, 0.01)],
        "image → text": [_interval(-0.2, -0.1, -0.05), None, None],
    }
    figure = difference_figure(["a", "b", "c"], found, metric="R@1")
    dots = {(t.xaxis or "x", t.name): t for t in figure.data}
    better = dots["x", "better"]
    assert list(better.y) == ["a"]
    assert better.x[0] == pytest.approx(2)
    assert better.error_x.array[0] == pytest.approx(2)
    assert better.error_x.arrayminus[0] == pytest.approx(1)
    assert better.marker.color == palette.CHANGE["better"]
    assert list(dots["x", SAME].y) == ["c"]
    assert list(dots["x2", "worse"].y) == ["a"]
    assert figure.layout.xaxis2.range[0] < -20
    assert figure.layout.xaxis2.range[1] > 0  # raw is always in sight
    assert "points" in figure.layout.xaxis.title.text
    assert (
        "fewer is better"
        in difference_figure(["a", "b", "c"], found, metric="median rank").layout.xaxis.title.text
    )


def test_points_of_queries_carry_ids_and_nothing_else(measured):
    whole, (_, test), rows = measured
    points = change_points(test, change_of(rows[0], rows[1], "image_retrieval"), "image_retrieval")
    picked = np.zeros(len(points.ids), bool)
    picked[:3] = True
    figure = change_figure(points, row="sde-enhanced", picked=picked)
    text = figure.to_json()
    assert "caption" not in text
    assert "data:image" not in text
    ids = np.concatenate([t.customdata for t in figure.data if t.customdata is not None])
    assert sorted(ids) == sorted(test.texts + whole.n_images)
    assert sum(len(t.selectedpoints) for t in figure.data if t.customdata is not None) == 3
    assert {t.type for t in figure.data[1:]} == {"scattergl"}


def test_words_table_and_files_say_the_same(measured):
    whole, (fit, test), rows = measured
    raw, enhanced = rows[0], rows[1]
    key = "image_retrieval_recall@1"
    change = enhanced.compared.differences[key]
    first, second = words.verdict_story(rows, "R@1")
    assert f"Raw R@1 is {100 * raw.compared.metrics[key]:.1f}" in first
    kind = verdict(change, "R@1")
    shown = "sde-enhanced" if kind == SAME else f"sde-enhanced ({signed(change.estimate, 'R@1')})"
    assert shown in first
    assert second.startswith("**image → text.**")
    table = recall_table(rows[:3], sde.comparison_names(), chosen="sde-pruned")
    assert table.count("<tr") == 2 + len(rows)
    assert len(re.findall("<td[ >]", table.split("<tbody>")[1])) == 11 * len(rows)
    assert f"{100 * raw.compared.metrics[key]:.1f}" in table
    assert '<tr class="now"><th scope="row" title="Noise' in table
    lines = table_rows(rows)
    assert [line["treatment"] for line in lines] == list(sde.comparison_names())
    assert lines[1][f"{key}_difference"] == change.estimate
    assert lines[0][f"{key}_difference"] is None
    assert len({tuple(line) for line in lines}) == 1
    content = table_content(whole, fit, test, rows, {"rule": "mp-iqr"})
    assert (
        json.loads(json.dumps(content, allow_nan=False))["rows"][1]["metrics"][key]
        == enhanced.compared.metrics[key]
    )
    assert content["split"] == {"shares": [0.5, 0.5], "seed": 0, "fitted_on_images": 200}


def test_what_was_tried_is_drawn_a_panel_a_baseline_with_a_ring_at_what_was_taken(measured):
    sweeps = {row.name: row.compared.sweep for row in measured[2] if row.compared.sweep is not None}
    assert set(sweeps) == set(recall.baseline_rows()) - {"mean-shift", "realign", "procrustes"}
    drawn = sweep_figure(sweeps)
    corners = [
        (tuple(drawn.layout[f"xaxis{i or ''}"].domain), tuple(drawn.layout[f"yaxis{i or ''}"].domain))
        for i in (0, *range(2, len(sweeps) + 1))
    ]
    assert len(set(corners)) == len(sweeps)  # no panel lies on another
    assert [trace.name for trace in drawn.data] == list(sweeps)
    for trace, sweep in zip(drawn.data, sweeps.values(), strict=True):
        np.testing.assert_allclose(trace.y, [100 * value for value in sweep.recalls])
        assert [i for i, symbol in enumerate(trace.marker.symbol) if symbol == "circle-open"] == [
            sweep.chosen
        ]
    said = words.chosen_story(sweeps)
    assert f"**{sweeps['csls'].n_asking:,} pairs**" in said
    assert f"csls at k {sweeps['csls'].setting['k']:g}," in words.chosen_settings(sweeps)


@pytest.mark.parametrize(
    ("n", "chosen", "named"), [(8, 1, [1, 7]), (8, 0, [0, 7]), (8, 6, [0, 6]), (9, 4, [0, 4, 8]), (1, 0, [0])]
)
def test_numbers_of_settings_stand_apart_from_the_chosen_one(n, chosen, named):
    sweep = SettingSweep(
        settings=tuple({"k": float(i)} for i in range(n)),
        recalls=(0.4,) * n,
        chosen=chosen,
        n_fitted=9,
        n_asking=3,
    )
    drawn = sweep_figure({"csls": sweep})
    assert list(drawn.layout.xaxis.tickvals) == named
