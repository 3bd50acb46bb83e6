"""The Share view: the link, the report, figures, numbers; a spec opened again, and what is bad."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from sde_core import DataError, EmbeddingSet
from sde_core.cli import main
from sde_core.report import read_spec
from sde_core.vocabulary import BANDS
from sde_explorer.intake.addresses import id_of
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.cached.sets import server_folder
from sde_explorer.serving import policy
from sde_explorer.sets import entry_of
from sde_explorer.share.figure_choice import FIGURES
from sde_explorer.share.link import link_to, what_travels
from sde_explorer.share.number_files import as_json, as_zip
from sde_explorer.share.numbers.spec import query_of, restored
from sde_explorer.share.report import ReportChoices, as_text, report_spec
from sde_explorer.share.report_job import report_job
from sde_explorer.state import DEFAULT, State, linked_values, read_state
from sde_explorer.ui import words
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.figure_files import file_stem
from tests.app.conftest import control, spiked


def texts(at) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning", "text")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


MOVED = {
    "noise": "0.8", "strong": "1.2", "center": "kept", "t": "0.3", "alpha_start": "0.4", "schedule": "linear",
    "seed": "7", "show": "image", "yscale": "linear", "rows": "0-3.6", "part": "split=test",
}  # fmt: skip
SPEC = {"share_part": "Open a spec"}


def test_the_link_holds_the_state(open_page, spiked_folder):
    at = open_page("share", data=str(spiked_folder), **MOVED)
    assert not at.exception
    assert not at.error
    link = urlsplit(at.code[0].value)
    assert {k: v[-1] for k, v in parse_qs(link.query).items()} == {
        "data": id_of(server_folder(), str(spiked_folder)), "encoder": "unknown", **MOVED,
    }  # fmt: skip
    assert "The vectors do not travel" in texts(at)
    assert (
        at.title[0].value == "100 images in one file: spectrum, bands, retrieval with intervals, certificate"
    )
    assert "<h3>Spectrum and bands</h3>" in preview(at)
    there = read_state(linked_values(parse_qs(link.query), (DEFAULT.rule,)))
    assert link_to(there, "", "").endswith(link.query)
    assert link_to(there, "spectrum", "https://host/base/share").startswith("https://host/base/spectrum?")
    assert link_to(DEFAULT, "", "http://127.0.0.1:8501/share") == "http://127.0.0.1:8501/?part=all"


def preview(at) -> str:
    """The page in the frame: the report, or its beginning."""
    [sent] = [e.proto.json for e in at.get("bidi_component") if e.proto.component_name.endswith("report")]
    return json.loads(sent)["page"]


def test_the_picture_is_the_beginning_of_the_report(open_page, spiked_folder):
    at = open_page("share", data=str(spiked_folder))
    at.text_input(key="share_title").set_value("<script>alert(1)</script>").run()
    before = preview(at)
    assert "&lt;script&gt;alert(1)" in before
    assert "<script" not in before
    [image] = cached_spectra.bands(cached_sets.dataset(entry_of(spiked_folder)), DEFAULT, ("image",))
    assert f'<b class="strong">{image.count("strong")} strong</b>' in before
    _make(at)
    drawn = re.findall(r'<circle class="point.*?data-tip="(.*?)"', before, re.DOTALL)
    assert drawn
    assert (
        drawn == re.findall(r'<circle class="point.*?data-tip="(.*?)"', preview(at), re.DOTALL)[: len(drawn)]
    )
    assert re.fullmatch(r"300 images in one file of [\d.]+ MB that needs no server", at.title[0].value)


def test_what_does_not_travel_is_said(spiked_folder):
    data = cached_sets.Dataset(EmbeddingSet.load(spiked_folder), ())
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
        assert job.wait(120)
    at.run()


def test_page_and_command_line_make_the_same_report(open_page, spiked_folder, tmp_path):
    at = open_page("share", data=str(spiked_folder), **MOVED)
    at.text_input(key="share_title").set_value("A <script>alert(1)</script> title").run()
    at.selectbox(key="share_fit_on").set_value("split=train").run()
    _make(at)
    assert not at.exception
    assert not at.error
    entry = entry_of(spiked_folder, str(spiked_folder))
    whole = cached_sets.dataset(entry)
    data = cached_sets.dataset(entry, ("split=test",))
    state = moved(spiked_folder)
    choices = ReportChoices(title="A <script>alert(1)</script> title", fit_on_part=("split=train",))
    spec = report_spec(data, state, choices)
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
    data = cached_sets.dataset(entry, ("split=test",))
    state = replace(moved(spiked_folder), series="series/run")
    spec = report_spec(data, state, ReportChoices(title="x", fit_on_part=("split=train",)))
    found = restored(spec, ())
    assert found.state == state
    # Written by the command line, which knows no link.
    assert spec.series == restored(replace(spec, link=""), ()).state.series == "series/run"
    assert (found.fit_on_part, found.fingerprint) == (("split=train",), data.fingerprint)
    # A spec edited by hand: its fields count, the link only adds.
    assert restored(replace(spec, noise_factor=2.0), ()).state.noise == 2.0

    at = open_page("share", data=str(spiked_folder), **SPEC)
    at.file_uploader(key="share_upload").set_value(
        ("spec.json", as_text(spec.as_dict()).encode(), "application/json")
    ).run()
    assert not at.error
    at.button(key="restore_spec").click().run()
    assert not at.exception
    short = {"data": [id_of(server_folder(), str(spiked_folder))]}
    assert parse_qs(urlsplit(at.code[0].value).query) == parse_qs(query_of(state)) | short
    assert at.selectbox(key="share_fit_on").value == "split=train"
    assert report_spec(data, state, ReportChoices(title="x", fit_on_part=("split=train",))).sets == spec.sets


def test_a_row_of_checkpoints_is_in_a_report_where_this_server_opens_it(spiked_folder, monkeypatch):
    inside = replace(moved(spiked_folder), series="row")
    data = cached_sets.dataset(cached_sets.entry_of(inside), inside.part)
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(roots=(spiked_folder,))])
    assert report_spec(data, inside, ReportChoices(title="x")).series == str(spiked_folder / "row")
    outside = replace(inside, series=str(spiked_folder.parent / "row"))
    with pytest.raises(DataError, match="is not among them"):
        report_spec(data, outside, ReportChoices(title="x"))


def upload(at, content: bytes, name: str = "spec.json"):
    return at.file_uploader(key="share_upload").set_value((name, content, "application/json")).run()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "must have version 1; got 2: it was written by another version"),
        ({"kind": "<img src=x onerror=alert(1)>"}, "must be JSON with"),
        ({"rule": "<script>alert(1)</script>"}, "must be one of"),
        ({"noise_factor": 50.0}, "`noise` must be a number from 0.1 to 10; the spec says"),
        ({"seed": 10_000_000}, "`seed` must be a whole number"),
        ({"sets": [{"embeddings": "/nowhere/<b>x</b>"}]}, "nowhere"),
        ({"sets": [{"embeddings": "SET", "part": ["split=moon"]}]}, "is split=moon"),
        ({"sets": [{"embeddings": "SET", "part": ["colour=red"]}]}, "columns of the metadata, split; got 'colour'"),
        ({"sets": [{"embeddings": "SET", "fingerprint": "0123456789"}]}, "content 01234567; here it is"),
    ],
)  # fmt: skip
def test_a_spec_that_cannot_be_shown_is_one_sentence(open_page, spiked_folder, change, message):
    at = open_page("share", data=str(spiked_folder), **SPEC)
    spec = _spec(spiked_folder).as_dict() | change
    content = json.dumps(spec).replace('"SET"', json.dumps(str(spiked_folder))).encode()
    upload(at, content)
    assert not at.exception
    [error] = at.error
    assert message.replace("`", "") in error.value.replace("\\", "").replace("`", "")
    assert "<" not in error.value.replace("\\<", "")  # what the file says is text, not markup
    assert not [b for b in at.button if b.key == "restore_spec"]
    assert preview(at)  # the rest lives


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"<html><script>1</script></html>"]
)
def test_a_file_that_is_no_spec_is_one_sentence(open_page, spiked_folder, content):
    at = upload(open_page("share", data=str(spiked_folder), **SPEC), content, "x.html")
    assert not at.exception
    assert [e.value.startswith("spec must be") for e in at.error] == [True]


def test_a_spec_opens_where_the_data_of_the_link_is_gone(open_page, spiked_folder):
    at = open_page("share", data="/nowhere/at/all")
    assert len(at.error) == 1
    upload(at, as_text(_spec(spiked_folder).as_dict()).encode())
    at.button(key="restore_spec").click().run()
    assert not at.exception
    assert not at.error
    assert control(at, "data_pick").value == str(spiked_folder)


def _spec(folder):
    state = moved(folder)
    data = cached_sets.dataset(cached_sets.entry_of(state), state.part)
    return report_spec(data, state, ReportChoices(title="x"))


def test_a_report_of_two_sets_that_is_stopped_and_made(open_page, spiked_folder, tmp_path):
    other = spiked(seed=5).save(tmp_path / "other")
    link = {"data": str(spiked_folder), "other": str(other)}
    at = open_page("share", **link)
    at.toggle(key="share_other").set_value(True).run()
    state = read_state(linked_values({k: [v] for k, v in link.items()}, ()))
    data = cached_sets.dataset(cached_sets.entry_of(replace(state, encoder="unknown")))
    spec = report_spec(
        data,
        replace(state, encoder="unknown"),
        ReportChoices(title=f"{spiked_folder}: embedding spectrum", has_other=True),
    )
    assert [each.embeddings for each in spec.sets] == [str(spiked_folder), str(other)]
    found = restored(spec, ())
    assert (found.has_other, found.notes, found.state.other) == (True, (), str(other))
    assert "without" in restored(replace(spec, link=""), ()).notes[0]

    stopped = report_job(spec)
    stopped.cancel()
    assert stopped.status == "cancelled"
    at.button(key="make_report").click().run()
    job = queue.find(stopped.key)
    job.cancel()
    assert job.wait(120)
    at.run()
    assert job.status == "cancelled"
    assert "Report: stopped" in texts(at)
    _make(at)
    made = queue.find(stopped.key).result
    assert [s["name"] for s in made.content["sets"]] == ["spiked", "spiked"]
    assert at.get("download_button")[0].proto.label.startswith("Report (HTML")
    numbers = open_page("share", **link, share_part="Numbers")
    assert "Retrieval with intervals joins them once the report is made" in texts(numbers)
    numbers.toggle(key="share_other").set_value(True).run()
    assert "`retrieval` every treatment" in texts(numbers)


def test_what_a_report_cannot_compute_is_said_and_the_rest_lives(open_page, spiked_folder):
    at = open_page("share", data=str(spiked_folder), strong_mode="adversarial", batch="200", spectra="joint")
    assert not at.exception
    assert at.error[0].value.startswith("strong must not be")
    assert at.code[0].value
    assert len(open_page("share", data=str(spiked_folder), share_part="Figures").get("plotly_chart")) == 1


@pytest.mark.parametrize("name", FIGURES)
def test_every_main_figure_is_there(name, spiked_folder):
    state = moved(spiked_folder)
    data = cached_sets.dataset(cached_sets.entry_of(state), state.part)
    figure = FIGURES[name](data, state)
    assert figure.data
    assert "caption" not in figure.to_json()  # numbers only


def test_the_numbers_are_those_of_the_views(spiked_folder):
    state = moved(spiked_folder)
    data = cached_sets.dataset(cached_sets.entry_of(state), state.part)
    with zipfile.ZipFile(io.BytesIO(as_zip(data, state, None))) as archive:
        tables = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(tables) == {"spectra.csv", "bands.csv", "metrics.csv", "certificate.csv", "parameters.json"}
    rows = list(csv.DictReader(io.StringIO(tables["spectra.csv"])))
    found = {r.modality: r for r in cached_spectra.bands(data, state, ("image", "text"))}
    for modality, report in found.items():
        mine = [row for row in rows if row["modality"] == modality]
        assert [float(row["singular_value"]) for row in mine] == report.values.tolist()
        assert [row["band"] for row in mine] == [BANDS[k] for k in report.labels]
    bands = list(csv.DictReader(io.StringIO(tables["bands.csv"])))
    assert [int(row["directions"]) for row in bands[:3]] == [
        found["image"].count(b) for b in ("strong", "weak", "noise")
    ]
    parameters = json.loads(tables["parameters.json"])
    assert parameters["parameters"]["noise"] == 0.8
    assert parameters["parameters"]["fingerprint"] == data.fingerprint
    whole = as_json(data, state, None)
    assert len(whole["tables"]["certificate"]) == len(
        list(csv.DictReader(io.StringIO(tables["certificate.csv"])))
    )
    assert {row["metric"] for row in whole["tables"]["metrics"]} >= {
        "effective_rank",
        "modality_gap",
        "text_retrieval_recall@1",
    }


def test_cells_that_a_spreadsheet_would_run_are_text():
    assert csv_text([{"a": "=1+1", "b": float("nan"), "c": -1.5}]).splitlines() == ["a,b,c", "'=1+1,,-1.5"]
    assert csv_text([]).strip() == ""


def test_names_of_files():
    assert file_stem("C:\\my data\\x.npz") == "x-npz"
    assert file_stem("///") == "figure"
    assert words.as_text("<b>_x_</b>") == "\\<b\\>\\_x\\_\\</b\\>"
