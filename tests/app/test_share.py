"""The Share view: the link, the report, figures, numbers; a spec opened again, and what is bad."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from app import cache
from app.analysis.sharing import query_of, restored
from app.components.share_link import link_to, what_travels
from app.components.share_report import as_text, report_spec
from app.jobs import queue
from app.jobs.reporting import report_job
from app.sets import entry_of
from app.state import DEFAULT, State, linked_values, read_state
from sde_core import EmbeddingSet
from sde_core.cli import main
from sde_core.report import read_spec


def texts(at) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning", "text")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


MOVED = {
    "noise": "0.8", "strong": "1.2", "center": "kept", "t": "0.3", "alpha_start": "0.4", "schedule": "linear",
    "seed": "7", "show": "image", "yscale": "linear", "rows": "0-3.6", "part": "split=test",
}  # fmt: skip


def test_the_link_holds_the_state(open_page, spiked_folder):
    at = open_page("share", data=str(spiked_folder), **MOVED)
    assert not at.exception
    assert not at.error
    link = urlsplit(at.code[0].value)
    assert {k: v[-1] for k, v in parse_qs(link.query).items()} == {
        "data": str(spiked_folder), "encoder": "unknown", **MOVED,
    }  # fmt: skip
    assert "The vectors do not travel" in texts(at)
    assert len(at.get("plotly_chart")) == 1
    there = read_state(linked_values(parse_qs(link.query), (DEFAULT.rule,)))
    assert query_of(there) == link.query
    assert link_to(there, "spectrum", "https://host/base/share").startswith("https://host/base/spectrum?")
    assert link_to(DEFAULT, "", "http://127.0.0.1:8501/share") == "http://127.0.0.1:8501/"


def test_what_does_not_travel_is_said(spiked_folder):
    data = cache.Dataset(EmbeddingSet.load(spiked_folder), ())
    state = State(data=str(spiked_folder), rows=tuple(range(0, 60_000, 3)), training="20260101-toy")
    said = " ".join(what_travels(data, state))
    assert "lies on this machine" in said
    assert "training 20260101-toy" in said
    assert "`rows` holds 20,000 numbers" in said
    assert "rows" not in parse_qs(query_of(state))


def moved(folder) -> State:
    link = {"data": str(folder), "encoder": "unknown", **MOVED}
    return read_state(linked_values({k: [v] for k, v in link.items()}, (DEFAULT.rule,)))


def _make(at) -> None:
    at.button(key="make_report").click().run()
    [job] = [j for j in queue._jobs.values() if j.kind == "report" and j.is_active] or [None]
    if job is not None:
        assert job.wait(60)
    at.run()


def test_page_and_command_line_make_the_same_report(open_page, spiked_folder, tmp_path):
    at = open_page("share", data=str(spiked_folder), **MOVED)
    at.text_input(key="share_title").set_value("A <script>alert(1)</script> title").run()
    at.selectbox(key="share_fit_on").set_value("split=train").run()
    _make(at)
    assert not at.exception
    assert not at.error
    entry = entry_of(spiked_folder, str(spiked_folder))
    whole = cache.dataset(entry)
    data = cache.dataset(entry, ("split=test",))
    state = moved(spiked_folder)
    spec = report_spec(data, state, "A <script>alert(1)</script> title", ("split=train",))
    made = queue.find(report_job(spec).key).result
    assert made.content["spec"] == spec.as_dict()  # what is downloaded before is what the report holds
    assert made.content["sets"][0]["fingerprint"] == data.fingerprint
    assert made.content["sets"][0]["n_images"] == 100 < whole.embeddings.n_images
    assert made.content["spec"]["seed"] == 7
    assert "<script>alert" not in made.page
    for hash_ in (data.fingerprint, "python", "curriculum start"):
        assert hash_ in made.page
    file, again = tmp_path / "spec.json", tmp_path / "again.html"
    file.write_text(as_text(spec.as_dict()))
    assert read_spec(file) == spec
    assert main(["report", "--spec", str(file), "--output", str(again)]) == 0
    assert again.read_text() == made.page


def test_a_spec_restores_the_state(open_page, spiked_folder):
    entry = entry_of(spiked_folder, str(spiked_folder))
    data = cache.dataset(entry, ("split=test",))
    state = moved(spiked_folder)
    spec = report_spec(data, state, "x", ("split=train",))
    found = restored(spec, ())
    assert found.state == state
    assert (found.fit_on_part, found.fingerprint) == (("split=train",), data.fingerprint)
    # A spec edited by hand: its fields count, the link only adds.
    assert restored(replace(spec, noise_factor=2.0), ()).state.noise == 2.0

    at = open_page("share", data=str(spiked_folder))
    at.file_uploader(key="share_upload").set_value(
        ("spec.json", as_text(spec.as_dict()).encode(), "application/json")
    ).run()
    assert not at.error
    at.button(key="restore_spec").click().run()
    assert not at.exception
    assert parse_qs(urlsplit(at.code[0].value).query) == parse_qs(query_of(state))
    assert at.selectbox(key="share_fit_on").value == "split=train"
    assert report_spec(data, state, "x", ("split=train",)).sets == spec.sets
