"""The Training view: a real training in the page, stopped, resumed, seen again from disk."""

import re
from dataclasses import replace

import numpy as np

import sde_core as sde
from sde_core.training import LossConfig
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.training.asked import trained_part, untouched_part
from sde_explorer.training.cached import stored_training
from sde_explorer.training.figures import replay, spectra
from sde_explorer.training.figures import run as charts
from sde_explorer.training.numbers.presets import OWN_MIX, PRESETS
from sde_explorer.training.numbers.run import MOST_POINTS, RunLog, recall_at_10
from sde_explorer.training.runs import read_request, trained_set
from tests.app.conftest import control, spiked
from tests.waiting import until


def test_presets_are_what_their_words_say():
    assert PRESETS["InfoNCE"].loss == LossConfig()
    assert PRESETS["SDE, as reconstructed"].loss.sde == sde.SDELossConfig.paper()
    contrast = PRESETS["component contrast"].loss.sde
    assert (contrast.enhancement, contrast.hellinger, contrast.subspace) == (None, 0, 0)
    assert contrast.component_contrast > 0
    assert PRESETS["whitened agreement"].loss.sde == sde.SDELossConfig.recommended(from_scratch=True)
    spectral = PRESETS["spectral contrast"].loss.sde
    assert [(term.name, term.weight) for term in spectral.terms] == [("spectral_contrast", 1.0)]
    assert OWN_MIX in PRESETS
    for preset in PRESETS.values():
        assert preset.words.endswith(".")


def _log(n_steps: int = 3) -> RunLog:
    run = RunLog("SDE")
    spectrum = {
        "direction_shares": {"strong": 0.1, "weak": 0.2, "noise": 0.7},
        "energy_shares": {"strong": 0.5, "weak": 0.3, "noise": 0.2},
        "effective_rank": 2.5,
    }
    run.add(
        {
            "event": "Started",
            "step": 0,
            "first_step": 0,
            "total_steps": n_steps,
            "n_val": 5,
            "n_train": 9,
            "split": "",
        }
    )
    for step in range(n_steps):
        parts = {"contrastive": 1.0 / (step + 1), "spectral": 0.1, "hellinger": 0.2}
        run.add({"event": "Step", "step": step + 1, "loss": 1.0, "parts": parts})
        values = {f"{w}_retrieval_recall@{k}": k / 20 for w in ("text", "image") for k in (1, 5, 10)}
        run.add({"event": "Metrics", "step": step, "values": values, "is_best": True})
        image = spectrum | {"singular_values": [4.0 * 2 ** min(step, 9), 2.0, 1.0]}
        text = spectrum | {"singular_values": [3.0, 2.0]}
        run.add({"event": "SpectrumSnapshot", "step": step, "image": image, "text": text, "gap": 0.5})
    return run


def test_a_long_training_is_thinned_and_keeps_its_last_step():
    run = _log(2 * MOST_POINTS + 1)
    shown = run.shown_steps()
    assert len(shown) <= MOST_POINTS
    assert shown[-1].step == 2 * MOST_POINTS + 1
    assert RunLog("empty").shown_steps() == []


def test_a_resumed_run_tells_again_what_came_after_its_checkpoint():
    run = _log(5)
    run.add({"event": "Started", "first_step": 2, "total_steps": 5})
    assert [s.step for s in run.steps] == [1, 2]
    assert [look.step for look in run.looks] == [0, 1, 2]


def test_figures_show_the_numbers_of_the_log():
    run, other = _log(), _log()
    other.name = "InfoNCE"
    loss = charts.loss_figure([run, other])
    np.testing.assert_allclose(loss.data[0].y, [1, 1 / 2, 1 / 3])
    assert [t.name for t in loss.data] == ["SDE", "InfoNCE", "hellinger", "hellinger"]
    recall = charts.recall_figure([run, other], 5)
    assert {tuple(t.y) for t in recall.data} == {(0.25, 0.25, 0.25)}
    fall = spectra.waterfall_figure(run)
    np.testing.assert_allclose(fall.data[0].customdata[:, 0], [1, 2, 4])
    np.testing.assert_allclose(fall.data[0].z[:, 0], [0, 1, 2])
    assert fall.data[1].z.shape == (3, 2)
    for what, value in (("energy", 0.5), ("directions", 0.1)):
        assert charts.shares_figure([run], what).data[0].y[0] == value
    assert spectra.before_now_figure(run).data[1].y[0] == 16
    assert charts.rank_gap_figure([run, other]).data[0].y[0] == 2.5
    for figure in (loss, recall, fall):
        assert len(figure.to_json()) < 200_000


def _start(at, **settings):
    at.number_input(key="train_steps").set_value(6)
    at.number_input(key="train_batch").set_value(settings.pop("batch", 32))
    at.button(key="train_start").click().run()
    return at


def _jobs_end(seconds: float = 90, kind: str = "train") -> None:
    until(lambda: not queue.active(kind), seconds)


def test_a_training_is_started_followed_and_opened_in_the_page(open_page, spiked_folder):
    at = open_page("training", data=str(spiked_folder))
    assert not at.exception
    _start(at)
    assert not at.exception
    assert not at.error
    _jobs_end()
    at.run()
    assert not at.exception
    text = "\n".join(m.value for m in at.markdown)
    assert "validation R@10 went from" in text
    assert re.fullmatch(
        r"After 6 steps SDE finds [\d.]+, InfoNCE [\d.]+ of 100, same batches", at.title[0].value
    )
    assert len(at.get("plotly_chart")) == 3  # the picture, and the open tab's two
    shown = at.session_state["training"]
    at = open_page("training", data=str(spiked_folder), training=shown, training_part="Bands and rank")
    assert len(at.get("plotly_chart")) == 3
    assert "the paper reports [P]" in "".join(e.proto.body for e in at.get("html"))
    at = open_page("training", data=str(spiked_folder), training=shown, training_part="Spectrum")
    assert len(at.get("plotly_chart")) == 3
    at = open_page("training", data=str(spiked_folder), training=shown, training_part="Take it home")
    assert {b.label for b in at.button} >= {"Look at its vectors", "Start training"}
    at.button(key="mix_measure").click().run()
    assert not at.exception
    _jobs_end(kind="sweep")
    at.run()
    assert len(at.get("plotly_chart")) == 2
    assert any("the best mix by all of" in c.value for c in at.caption)
    at.button(key="mix_keep").click().run()
    _jobs_end(kind="mix")
    at.run()
    assert any("kept" in e.value for e in at.success)
    next(b for b in at.button if b.label == "SDE against InfoNCE").click().run()
    assert not at.exception
    assert "-SDE" in at.session_state["data"]
    assert "-InfoNCE" in at.session_state["other"]
    next(b for b in at.button if b.label == "Compare with the start").click().run()
    assert not at.exception
    assert at.session_state["data"] == str(spiked_folder)
    assert "-SDE" in at.session_state["other"]
    next(b for b in at.button if b.label == "Look at its vectors").click().run()
    assert not at.exception
    assert not at.error
    assert "-SDE" in control(at, "data_pick").value
    assert any("100 of 300 images" in c.value for c in at.caption)
    assert control(at, "part_pick").value == ["split=test"]  # what the training left alone
    control(at, "training_pick").set_value("").run()
    assert any("Recorded on the bundled" in c.value for c in at.caption)


def test_a_training_takes_the_rest_of_a_part_that_is_kept_for_tests(open_page, spiked_folder):
    at = open_page("training", data=str(spiked_folder), part="split=test")
    assert any("`split=test` is open, and left alone" in c.value for c in at.caption)
    _start(at)
    assert not at.error
    _jobs_end()
    at = at.run()
    folder = cached_sets.cache_folder() / "trainings" / at.session_state["training"]
    request = read_request(folder)
    assert request.part == ()
    assert request.fingerprint == sde.EmbeddingSet.load(spiked_folder).fingerprint
    whole = sde.EmbeddingSet.load(trained_set(cached_sets.cache_folder(), folder, "SDE"))
    assert (whole.n_images, untouched_part(request)) == (300, ("split=test",))
    assert trained_part(("split=test", "style=a")) == ("style=a",)
    for kept in ((), ("style=a",), ("split=train",), ("split=train", "split=test")):
        assert trained_part(kept) == kept
    assert untouched_part(replace(request, part=("split=val",))) == ("split=val",)


def test_the_page_opens_on_the_stored_training(open_page, spiked_folder):
    at = open_page("training", data=str(spiked_folder))
    assert not at.exception
    log = stored_training()
    assert log is not None
    found = [100 * recall_at_10(log.runs[name].looks[-1]) for name in ("SDE", "InfoNCE")]
    assert (
        at.title[0].value
        == f"After 240 steps SDE finds {found[0]:.1f}, InfoNCE {found[1]:.1f} of 100, same batches"
    )
    assert {b.key for b in at.button} >= {"train_start"}
    assert not [b for b in at.button if b.label == "Look at its vectors"]  # it left no files


def test_the_replay_ends_where_the_training_did(spiked_folder):
    runs = [_log(4), _log(4)]
    made = replay.replay_figure(runs, replays=True, height=500)
    assert [frame.name for frame in made.frames] == ["0", "1", "2", "3"]
    moving = made.data[1:]  # the first is the start, which stands still
    for trace, last, first in zip(moving, made.frames[-1].data, made.frames[0].data, strict=True):
        np.testing.assert_array_equal(trace.y, last.y)
        np.testing.assert_array_equal(trace.x, last.x)
        assert len(first.x) in (1, 3)  # one look, or a spectrum of three directions
    np.testing.assert_array_equal(made.data[1].y, [32, 2, 1])
    np.testing.assert_array_equal(made.data[0].y, [4, 2, 1])
    assert made.layout.sliders[0].active == 3
    live = replay.replay_figure(runs[:1], replays=False, height=500)
    assert not live.frames
    assert not live.layout.sliders


def test_bad_settings_are_a_sentence_where_they_were_made(open_page, spiked_folder):
    at = open_page("training", data=str(spiked_folder))
    at.number_input(key="train_accumulate").set_value(3).run()
    at.button(key="train_start").click().run()
    assert ["batch_size must be a multiple of accumulate" in e.value for e in at.error] == [True]
    at.number_input(key="train_accumulate").set_value(1).run()
    _start(at, batch=5_000)
    _jobs_end()
    at.run()
    assert not at.exception
    assert any("batch_size must be" in e.value for e in at.error)


def test_a_training_that_is_not_here_is_a_sentence(open_page, spiked_folder):
    at = open_page("training", data=str(spiked_folder), training="20990101-000000-gone")
    assert not at.exception
    assert ["There is no training" in w.value for w in at.warning] == [True]


def test_few_pairs_say_so(open_page, tmp_path):
    folder = spiked(n_pairs=3).save(tmp_path / "few")
    at = _start(open_page("training", data=str(folder)))
    _jobs_end()
    at.run()
    assert not at.exception
    assert at.error
