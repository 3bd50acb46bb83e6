"""A set of very many rows opens on a seeded sample; one press shows all of it, in every view."""

import re

import pytest

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_explorer.readings.cached import background, sets
from tests.app.conftest import band_counts, spiked
from tests.waiting import until


@pytest.fixture
def large(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "WHOLE_ROWS", 400)
    monkeypatch.setattr(sets, "SAMPLE_ROWS", 200)
    return spiked(500, seed=31).save(tmp_path / "large")


def _counts(vectors) -> list[int]:
    found = sde.partition_spectrum(sde.compute_spectrum(vectors), "mp-iqr")
    return [found.n_strong, found.n_weak, found.n_noise]


def _said(at) -> str:
    return " ".join(c.value for c in at.caption)


def test_a_sample_is_said_and_all_rows_come_by_a_press_that_says_how_long_it_takes(open_page, large):
    whole = sde.EmbeddingSet.load(large)
    some = whole.select(sample_rows(500, 200))
    at = open_page("spectrum", data=str(large), rows="1-9")
    assert not at.exception
    assert "200 of 500 images · 200 texts" in _said(at)
    assert "Of a seeded sample, 200 of 500; searches are among these." in _said(at)
    assert band_counts(at) == _counts(some.image) + _counts(some.text)
    button = at.button(key="show_all_rows")
    assert re.fullmatch(r"Show all rows, about \d+ s", button.label)
    button.click().run()
    until(lambda: not background._figures.active("figure"), 120)
    at.run()
    assert not at.exception
    assert band_counts(at) == _counts(whole.image) + _counts(whole.text)
    assert "seeded sample" not in _said(at)
    assert at.query_params["whole"] == "1"
    assert "rows" not in at.query_params  # they counted rows of the sample


def test_a_link_shows_all_rows_at_once(open_page, large):
    at = open_page("spectrum", data=str(large), whole="1")
    assert "500 images · 500 texts" in _said(at)
    assert "seeded sample" not in _said(at)


def test_a_report_is_of_all_rows(open_page, large):
    at = open_page("share", data=str(large))
    assert not at.exception
    assert "500 images in one file" in at.title[0].value


def test_a_training_takes_all_rows_and_says_nothing_of_a_sample(open_page, large):
    at = open_page("training", data=str(large))
    assert not at.exception
    assert "seeded sample, 200" not in _said(at)
