"""The measured half of the Retrieval view: rows as they come, thresholds that move them, the surface, small sets."""

import re

import numpy as np
import pytest

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import background
from sde_explorer.retrieval import tabs as recall_tabs
from sde_explorer.retrieval import words
from sde_explorer.retrieval.measured import Measured
from sde_explorer.retrieval.numbers import surface as surface_numbers
from tests.app.conftest import control, spiked
from tests.app.retrieval.conftest import several


@pytest.fixture(autouse=True)
def _no_work_is_left():
    yield
    for job in [*background._figures.active("figure"), *queue.active("surface")]:
        job.cancel()
        job.wait(120)


def _said(at) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


def _measured(at):
    """Run the page until all rows are there."""
    for _ in range(60):
        for job in background._figures.active("figure"):
            job.wait(120)
        at.run()
        assert not at.exception
        if not background._figures.active("figure"):
            return at.run()
    raise AssertionError("the rows never came")


def _table(at) -> dict[str, str]:
    """Return each row of the table as HTML, by its name."""
    [body] = [e.proto.body for e in at.get("html") if 'class="sde-recall"' in e.proto.body]
    rows = re.findall(r'<tr[^>]*><th scope="row"[^>]*>([\w-]+)(?: †)?</th>(.*?)</tr>', body)
    return dict(rows)


def test_rows_come_and_say_what_the_library_says(open_page, spiked_folder):
    at = _measured(open_page("retrieval", data=str(spiked_folder)))
    assert not at.error
    whole = EmbeddingSet.load(spiked_folder)
    fit, test = (whole.select(mask) for mask in sde.hold_out(whole))
    rows = sde.compare_retrieval(
        test.image, test.text, test.links, sde.fit_all(fit.image, fit.text, paired=fit.paired())
    )
    table = _table(at)
    assert tuple(table) == sde.comparison_names()
    for row in rows:
        cells = re.findall(r"<td[^>]*>([\d.,]+)", table[row.name])
        assert cells[0] == f"{100 * row.metrics['image_retrieval_recall@1']:.1f}"
        assert cells[8] == f"{row.metrics['text_retrieval_mrr']:.3f}"
    said = _said(at)
    assert "**150 pictures**" in said
    assert "Raw R@1 is" in said
    charts = at.get("plotly_chart")
    assert all(chart.proto.alt for chart in charts)
    assert not any("caption <b>" in chart.proto.spec or "data:image" in chart.proto.spec for chart in charts)
    assert not any("caption <b>" in e.proto.body for e in at.get("html"))


def test_a_moved_threshold_measures_what_follows_it_and_nothing_else(open_page, spiked_folder):
    at = _measured(open_page("retrieval", data=str(spiked_folder)))
    before = _table(at)
    baselines = at.session_state["followed_jobs"]["recall baselines"].job
    control(at, "noise_slider").set_value(0.398).run()
    after = _table(_measured(at))
    assert after["sde-pruned"] != before["sde-pruned"]
    for name in ("raw", "csls", "pca-truncation"):
        assert after[name] == before[name]
    assert at.session_state["followed_jobs"]["recall baselines"].job is baselines


def test_row_direction_and_metric_are_chosen_and_stand_in_the_link(open_page, spiked_folder):
    link = {"recall_row": "whitening", "recall_way": "image → text", "recall_metric": "MRR"}
    link["recall_look"] = "Query by query"
    at = _measured(open_page("retrieval", data=str(spiked_folder), rows="0-4", **link))
    said = _said(at)
    assert "Of 150 pictures that ask" in said
    assert "with whitening than with raw" in said
    assert "of MRR" in at.title[0].value or "MRR by" in at.title[0].value
    assert at.button(key="drop_rows").label == "5 pictures picked"  # one place for what is picked: the side
    at.button(key="drop_rows").click().run()
    assert at.session_state["rows"] == ()
    control(at, "recall_row_pick").set_value("csls").run()
    assert "csls" in at.query_params["recall_row"]
    control(at, "recall_way_pick").set_value("text → image").run()
    assert "Of 150 captions that ask" in _said(at)


def test_a_row_that_is_none_is_named(open_page, spiked_folder):
    at = open_page("retrieval", data=str(spiked_folder), recall_row="<i>mine</i>")
    assert any("no row" in e.value and "mine" in e.value for e in at.warning)
    assert not any("<i>" in e.value for e in at.warning)  # shown as text
    assert at.session_state["recall_row"] == "sde-enhanced"


def test_the_surface_is_measured_and_its_best_thresholds_are_used(open_page, spiked_folder):
    look = {"recall_look": "Other thresholds"}
    at = _measured(open_page("retrieval", data=str(spiked_folder), noise="0.5", **look))
    at.button(key="surface_start").click().run()
    for job in queue.active("surface"):
        job.wait(120)
    at.run()
    said = _said(at)
    assert "Chosen on validation (75 pictures)" in said
    assert "On 75 test pictures that chose nothing" in said
    found = re.search(r"noise × ([\d.]+), strong × ([\d.]+)", said.split("Chosen on validation")[1])
    at.button(key="surface_use").click().run()
    assert not at.exception
    assert at.session_state["noise"] == pytest.approx(float(found[1]), rel=1e-2)
    assert at.session_state["strong"] == pytest.approx(float(found[2]), rel=1e-2)
    assert at.button(key="surface_use").disabled
    assert control(at, "noise_slider").value == pytest.approx(at.session_state["noise"], rel=0.03)


def test_a_surface_of_a_sample_is_measured_on_all_at_a_press(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(surface_numbers, "MOST_PICTURES", 30)
    folder = spiked(seed=5).save(tmp_path / "other")  # this process knows the surface of the usual one
    at = _measured(open_page("retrieval", data=str(folder), recall_look="Other thresholds"))
    at.button(key="surface_start").click().run()
    for job in queue.active("surface"):
        job.wait(120)
    at.run()
    assert "Chosen on validation (30 pictures drawn of 75)" in _said(at)
    assert any("Seeded sample, 30 of 75 validation pictures." in c.value for c in at.caption)
    button = at.button(key="surface_all")
    assert re.fullmatch(r"Measure on all 75, about \d+ (s|min)", button.label)
    button.click().run()
    for job in queue.active("surface"):
        job.wait(120)
    at.run()
    assert not at.exception
    assert "Chosen on validation (75 pictures)" in _said(at)
    assert "surface_all" not in {b.key for b in at.button}
    assert not any("Seeded sample" in c.value for c in at.caption)


def test_a_rule_without_thresholds_has_rows_and_no_surface(open_page, spiked_folder):
    at = _measured(open_page("retrieval", data=str(spiked_folder), rule="cross-modal"))
    assert not at.error
    assert tuple(_table(at)) == sde.comparison_names()
    look = {"recall_look": "Other thresholds"}
    at = _measured(open_page("retrieval", data=str(spiked_folder), rule="cross-modal", **look))
    assert any("cross-modal labels each direction" in e.value for e in at.info)
    assert "surface_start" not in [b.key for b in at.button]


def test_factors_that_a_rule_cannot_follow_leave_its_rows_as_they_are(open_page, spiked_folder):
    at = _measured(open_page("retrieval", data=str(spiked_folder), rule="cross-modal", noise="2"))
    assert not at.error
    assert any("no thresholds to move" in e.value for e in at.caption)
    own = _measured(open_page("retrieval", data=str(spiked_folder), rule="cross-modal"))
    assert _table(at) == _table(own)


def test_the_mode_that_needs_a_loss_is_replaced_and_said(open_page, spiked_folder):
    at = _measured(open_page("retrieval", data=str(spiked_folder), strong_mode="adversarial"))
    assert "measured here is amplify" in _said(at)
    assert "…" not in "".join(_table(at).values())


def test_stopped_rows_stay_and_can_be_measured_again(open_page, tmp_path):
    folder = spiked(900).save(tmp_path / "longer")
    at = open_page("retrieval", data=str(folder))
    assert at.button(key="recall_stop")
    at.button(key="recall_stop").click().run()
    for job in background._figures.active("figure"):  # a row that is being measured ends first
        job.wait(120)
    at.run()
    assert any("Stopped" in e.value for e in at.caption)
    at.button(key="recall_again").click().run()
    assert "…" not in "".join(_table(_measured(at)).values())


def _tiny() -> EmbeddingSet:
    return spiked(3)


def _one_caption() -> EmbeddingSet:
    rng = np.random.default_rng(0)
    return EmbeddingSet.from_arrays(
        rng.normal(size=(40, 6)), rng.normal(size=(1, 6)), [(0, i) for i in range(40)], captions=["same"]
    )


@pytest.mark.parametrize("make", [_tiny, _one_caption])
def test_a_set_that_cannot_be_halved_says_so_in_one_sentence(open_page, tmp_path, make):
    at = open_page("retrieval", data=str(make().save(tmp_path / "set")))
    assert not at.exception
    [info] = [e.value for e in at.info if "Nothing to measure" in e.value]
    assert "at least 16 pictures with captions" in info


def test_a_set_of_rank_one_is_measured(open_page, tmp_path):
    rng = np.random.default_rng(0)
    one = rng.normal(size=6)
    image, text = (np.outer(rng.normal(size=60) + 3, one) for _ in range(2))
    made = EmbeddingSet.from_arrays(image, text, captions=[str(i) for i in range(60)], name="flat")
    at = _measured(open_page("retrieval", data=str(made.save(tmp_path / "flat"))))
    assert "raw" in _table(at)


def test_several_captions_ask_all_or_the_first_of_each(open_page, tmp_path):
    folder = several(160).save(tmp_path / "several")
    at = _measured(open_page("retrieval", data=str(folder)))
    first = int(re.search(r"\*\*(\d+) captions\*\*", _said(at))[1])
    control(at, "recall_captions_pick").set_value("all").run()
    at = _measured(at)
    assert int(re.search(r"\*\*(\d+) captions\*\*", _said(at))[1]) > 2 * first
    assert not at.error


def test_the_file_holds_the_table_and_what_made_it(open_page, spiked_folder):
    import json

    from sde_explorer.readings.cached import sets as cached_sets
    from sde_explorer.retrieval import cached as cached_retrieval
    from sde_explorer.state import State
    from tests.app.subspaces.test_page import _entry

    at = _measured(open_page("retrieval", data=str(spiked_folder)))
    data, state = cached_sets.dataset(_entry(spiked_folder)), State()
    jobs = [at.session_state["followed_jobs"][f"recall {s}"].job for s in ("raw", "treated", "baselines")]
    parts = cached_retrieval.recall_parts(data, "primary")
    rows = Measured(data=data, state=state, parts=parts, jobs=jobs).rows()
    content = json.loads(recall_tabs.as_json(data, state, parts, rows))
    assert content["task"] == "zeroshot_retrieval"
    assert content["parameters"]["fingerprint"] == data.fingerprint
    assert [row["treatment"] for row in content["rows"]] == list(sde.comparison_names())
    assert "image_retrieval_recall@1" in content["rows"][0]["metrics"]


def test_what_was_tried_of_each_baseline_is_drawn(open_page, tmp_path, spiked_folder):
    folder = spiked(400).save(tmp_path / "larger")
    at = _measured(open_page("retrieval", data=str(folder), recall_look="Settings"))
    assert not at.exception
    assert any("Every baseline is fitted on one half" in each.value for each in at.markdown)
    few = _measured(open_page("retrieval", data=str(spiked_folder), recall_look="Settings"))
    assert words.NOTHING_CHOSEN in [each.value for each in few.info]
