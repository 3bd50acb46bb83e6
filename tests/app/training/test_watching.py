"""Watch: runs of another process are read, drawn and judged in the page, and a path that leads out is refused."""

import json

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.following import RunsFollower
from sde_core.vocabulary import Modality
from sde_explorer.serving import policy
from sde_explorer.training import watch_words
from sde_explorer.training.figures.watch import watch_figure
from sde_explorer.training.numbers.watch import MOST_LOOKS, events_of, kept_directions, thinned, waterfall


def _write(folder, *, collapses, looks=14):
    numbers = torch.Generator().manual_seed(0)
    with sde.SpectralMonitor(folder, every=10, rows=96, in_background=False) as monitor:
        for step in range(10, 10 * looks + 1, 10):
            strength = torch.ones(24)
            if collapses and step > 80:
                strength[5:] = 1e-3
            z = torch.randn(96, 24, generator=numbers) * strength
            text = z + 0.1 * torch.randn(96, 24, generator=numbers) * strength
            monitor(step, image=z, text=text, logit_scale=14.0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    _write(place / "good", collapses=False)
    _write(place / "worse <b>", collapses=True)
    return place


def test_runs_stand_side_by_side_with_alarms_in_words(open_page, spiked_folder, runs):
    at = open_page("training", data=str(spiked_folder), watch=str(runs))
    assert not at.exception
    assert not at.error
    assert at.title[0].value == "worse \\<b\\>: collapsing; 1 of 2 runs without"
    text = "\n".join(m.value for m in at.markdown)
    assert "No alarm so far." in text
    assert "step 90: image effective rank fell to" in text
    [chart] = at.get("plotly_chart")
    drawn = json.loads(chart.proto.spec)
    assert [trace["type"] for trace in drawn["data"]].count("heatmap") == 2
    marks = [trace for trace in drawn["data"] if trace.get("name") == "alarm"]
    assert [mark["x"] for mark in marks] == [[90]]
    for part, charts in (("Directions", 2), ("Spectrum", 2), ("Recall, gap, scale", 3)):
        at = open_page("training", data=str(spiked_folder), watch=str(runs / "good"), watch_part=part)
        assert not at.exception
        assert at.title[0].value.startswith("good at step 140: healthy; effective rank 2")
        assert len(at.get("plotly_chart")) == charts
    at.button(key="watch_close").click().run()
    assert at.session_state["watch"] == ""
    assert {b.key for b in at.button} >= {"train_start"}


def test_a_run_that_is_gone_on_with_is_read_on(open_page, spiked_folder, tmp_path):
    _write(tmp_path / "one", collapses=False, looks=3)
    at = open_page("training", data=str(spiked_folder), watch=str(tmp_path / "one"))
    assert at.title[0].value.startswith("one at step 30: too early to say")
    _write(tmp_path / "one", collapses=False, looks=9)  # from the start: its steps are gone over again
    at.run()
    assert at.title[0].value.startswith("one at step 90: healthy")


def test_a_place_without_runs_or_out_of_bounds_is_a_sentence(open_page, spiked_folder, runs, monkeypatch):
    at = open_page("training", data=str(spiked_folder), watch=str(runs / "gone"))
    assert "must hold a run that SpectralMonitor writes" in at.error[0].value
    root = policy.Policy(roots=(runs, spiked_folder))
    monkeypatch.setattr(policy, "_CURRENT", [root])
    at = open_page("training", data=str(spiked_folder), watch=str(runs.parent))
    assert "is not among them" in at.error[0].value
    at = open_page("training", data=str(spiked_folder), watch="good")  # by its name below a root
    assert at.title[0].value.startswith("good at step 140")
    (runs.parent / "root").mkdir()
    (runs.parent / "root" / "out").symlink_to(runs / "good")  # a link that leads out is passed over
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(roots=(runs.parent / "root", spiked_folder))])
    at = open_page("training", data=str(spiked_folder), watch=str(runs.parent / "root"))
    assert "The first look comes" in at.info[0].value


def test_a_waterfall_shows_directions_that_are_gone(runs):
    run = RunsFollower(runs / "worse <b>").runs()[0]
    found = waterfall(run.looks, Modality.IMAGE)
    assert found.ratio.shape == (24, 14)
    np.testing.assert_array_equal(found.steps, range(10, 150, 10))
    np.testing.assert_allclose(found.ratio[:, 0], 1)
    assert (found.ratio[6:, 8:] < 0.01).all()
    steps, kept = kept_directions(run.looks, Modality.IMAGE)
    np.testing.assert_allclose(kept[:, -1], 1, atol=2e-3)  # half precision
    assert len(steps) == 14
    assert any(line.startswith("step 90, image: born") for line in events_of(run))
    made = watch_figure([run], list(Modality), height=500)
    assert all(np.isfinite(trace.z).all() for trace in made.data if trace.type == "heatmap")


def test_runs_are_measured_by_the_same_rank_axis(runs):
    made = watch_figure(RunsFollower(runs).runs(), [Modality.IMAGE], height=500)
    assert made.layout.yaxis5.matches == "y2"
    assert [made.data[i].yaxis for i in (1, 6)] == ["y2", "y5"]


def test_long_runs_are_thinned_and_keep_their_end(runs):
    [run] = RunsFollower(runs / "good").runs()
    many = [run.looks[i % 14] for i in range(1000)]
    assert len(thinned(many)) <= MOST_LOOKS
    assert thinned(many)[-1] is many[-1]
    assert len(watch_words.finding([run])) <= 90


def test_the_recorded_losses_are_played_on_a_server_that_opens_no_path(open_page, monkeypatch):
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(roots=())])
    at = open_page("training")
    at.button(key="watch_recorded").click().run()
    assert not at.exception
    assert not at.error
    assert at.session_state["watch"] == "bundled"
    assert at.title[0].value == "4 runs side by side, no alarm holds"
    at = open_page(
        "training",
        watch="bundled",
        watch_runs="infonce,spectral",
        watch_run="spectral",
        watch_part="Spectrum",
    )
    replay = json.loads(at.get("plotly_chart")[1].proto.spec)
    assert len(replay["frames"]) == 21
    assert "<b>found first, of 100 searches, by step</b>" in [
        note["text"] for note in replay["layout"]["annotations"]
    ]
