"""Keep how much? in the Retrieval view: rows come beside the page, say what the library says, and are handed out."""

import re

import faiss
import numpy as np
import pytest

import sde_core as sde
from sde_core.treatments.compression.table import recommendation
from sde_explorer.readings.cached import background
from sde_explorer.retrieval.compress import cached, numbers, words
from sde_explorer.retrieval.compress.figures import compress_figure
from sde_explorer.retrieval.compress.table import compress_table
from sde_explorer.retrieval.numbers.parts import parts_of
from sde_explorer.ui.words import plain
from tests.app.conftest import control, settled, spiked

PART = "Keep how much?"


@pytest.fixture(autouse=True)
def _no_work_is_left():
    yield
    for job in background._figures.active("figure"):
        job.cancel()
        job.wait(120)


def test_rows_come_and_say_what_the_library_says(open_page, tmp_path):
    whole = spiked(60, width=6)
    at = open_page("retrieval", data=str(whole.save(tmp_path / "small")), recall_part=PART)
    settled(at)
    assert not at.exception
    found = at.session_state["followed_jobs"]["compress"].job.result
    assert [title.value for title in at.title] == [words.finding(found)]
    assert len(words.finding(found)) <= 90
    assert words.story(found) in [each.value for each in at.markdown]
    [chart] = at.get("plotly_chart")
    assert plain(words.story(found)) in chart.proto.alt
    assert [e.proto.body for e in at.get("html") if "sde-kept" in e.proto.body] == [compress_table(found)]
    box = control(at, "kept_pick")
    assert set(box.options) == set(numbers.kept_names(found.rows))
    box.set_value("pca 3 int8").run()
    assert not at.exception
    assert "# pca 3 int8" in at.code[0].value
    assert at.session_state["kept"] == "pca 3 int8"
    _are_those_of_the_command(whole, found)
    _are_drawn(found)


def _are_those_of_the_command(whole, found):
    fit, test = (part.embeddings for part in parts_of(whole, "primary"))
    rows = sde.compression_table(
        test.image, test.text, test.links, fit.paired(), widths=(3,), axes=("pca",), codes=("int8",)
    )
    assert found.rows[0] == rows[0]
    assert next(row for row in found.rows if row.name == rows[1].name) == rows[1]
    assert recommendation(found.rows).split("(")[0] in words.story(found).replace("\\", "")


def _are_drawn(found):
    made = compress_figure(found, height=500)
    assert sum(len(trace.x) for trace in made.data if trace.mode == "lines+markers") == len(found.rows)
    bands = [shape for shape in made.layout.shapes if shape.type == "rect"]
    assert {(band.y0, band.y1) for band in bands} == {
        (100 * found.rows[0].recall.low, 100 * found.rows[0].recall.high)
    }
    assert made.layout.xaxis2.ticktext[-1] == "6<br>6 MB"  # int8: a byte a number


def test_of_many_pictures_a_sample_is_searched_and_all_at_a_press(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(cached, "MOST_ASKED", 20)
    whole = spiked(64, width=6, seed=3)
    at = open_page("retrieval", data=str(whole.save(tmp_path / "many")), recall_part=PART)
    settled(at)
    assert not at.exception
    some = at.session_state["followed_jobs"]["compress"].job.result
    assert (some.n_images, some.n_fitted) == (20, 32)
    assert any("Seeded sample, 20 of 32 pictures to search." in c.value for c in at.caption)
    button = at.button(key="measure_all_kept")
    assert re.fullmatch(r"Measure all pictures to search, about \d+ (s|min)", button.label)
    button.click().run()
    settled(at)
    assert not at.exception
    found = at.session_state["followed_jobs"]["compress all"].job.result
    assert (found.n_images, found.n_fitted) == (32, 32)
    assert words.story(found) in [each.value for each in at.markdown]
    assert not any("Seeded sample" in c.value for c in at.caption)
    assert "measure_all_kept" not in {b.key for b in at.button}
    _are_those_of_the_command(whole, found)


def test_files_are_of_the_half_that_was_fitted_on(tmp_path):
    fit, test = parts_of(spiked(60, width=6), "primary")
    (tmp_path / "map").write_bytes(numbers.as_map(fit, "pca 3 int8"))
    onto = sde.CompressionMap.load(tmp_path / "map")
    assert onto.width == 3
    (tmp_path / "index").write_bytes(numbers.as_index(fit, "pca 3 int8"))
    index = faiss.read_index(str(tmp_path / "index"))
    rows = test.embeddings.image / np.linalg.norm(test.embeddings.image, axis=1, keepdims=True)
    index.add(rows)
    off = np.abs(index.index.reconstruct_n(0, len(rows)) - onto(rows, "image").numpy())
    assert np.median(off) < 2 / 255  # 256 levels over the range of the half that was fitted on


def test_a_job_that_was_stopped_stays_so_until_somebody_wants_it(open_page, spiked_folder):
    at = open_page("retrieval", data=str(spiked_folder), recall_part=PART)
    job = at.session_state["followed_jobs"]["compress"].job
    job.stop()
    job.wait(120)
    at.run()
    assert not at.exception
    assert job.status == "cancelled"
    assert any("Keep how much?: stopped" in each.value for each in at.info)


def test_a_set_that_is_too_small_or_of_one_modality_says_so(open_page, tmp_path):
    rows = np.random.default_rng(0).normal(size=(1, 6)).astype("f4")
    folder = sde.EmbeddingSet.from_arrays(rows, rows).save(tmp_path / "few")
    at = open_page("retrieval", data=str(folder), recall_part=PART)
    assert not at.exception
    assert any(each.value.startswith("Nothing to measure:") for each in at.info)
    folder = sde.EmbeddingSet.from_arrays(rows).save(tmp_path / "images")
    at = open_page("retrieval", data=str(folder), recall_part=PART)
    assert not at.exception
    assert any("There are no text vectors" in each.value for each in at.info)
