"""Wherever numbers are of a seeded sample, one button measures all rows and says before how long that takes."""

import re
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_explorer.compare import decided as shown
from sde_explorer.compare.cached import measured
from sde_explorer.compare.numbers import decided, rows, separate
from sde_explorer.readings import metrics
from sde_explorer.readings.cached import background
from sde_explorer.subspaces import gap
from sde_explorer.subspaces.numbers import directions
from tests.app.compare.test_page import said, settled
from tests.app.compare.test_separate import planted
from tests.app.conftest import card_numbers
from tests.waiting import until


@pytest.mark.parametrize(
    ("view", "look", "place", "name", "what"),
    [
        ("spectrum", {"section": "Metrics"}, (metrics, "SAMPLE"), "metrics", "pairs"),
        ("subspaces", {"look": "Gap"}, (gap, "MOST_PAIRS"), "gap", "pairs"),
        ("subspaces", {}, (directions, "NULL_PAIRS"), "direction", "pairs"),
        ("compare", {"compare_look": "How separate"}, (separate, "MOST_ROWS"), "separate", "pictures"),
        ("compare", {"compare_look": "Same directions"}, (measured, "MOST_ROWS"), "subspaces", "rows"),
        ("compare", {"compare_look": "Only in one"}, (decided, "DIFFERENCE_ROWS"), "difference", "rows"),
        ("compare", {"compare_look": "Same space?"}, (rows, "MOST_ROWS"), "same_space", "rows"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_press_measures_all_rows(open_page, tmp_path, monkeypatch, view, look, place, name, what):
    monkeypatch.setattr(*place, 100)
    # another set than the one of test_separate, whose numbers this process may hold already
    folder = replace(planted(), text=planted(turn=True).text).save(tmp_path / "planted")
    at = settled(open_page(view, data=str(folder), **look))
    assert not at.exception
    assert f"Seeded sample, 100 of 400 {what}." in said(at)
    some = (said(at), card_numbers(at))
    button = at.button(key=f"measure_all_{name}")
    assert re.fullmatch(rf"Measure all {what}, about \d+ s", button.label)
    button.click().run()
    until(lambda: not background._figures.active("figure"), 120)
    at = settled(at.run())
    assert not at.exception
    assert "Seeded sample" not in said(at)
    assert f"measure_all_{name}" not in {b.key for b in at.button}
    assert (said(at).replace(f"Seeded sample, 100 of 400 {what}.", ""), card_numbers(at)) != some
    if name == "gap":
        pairs = sde.EmbeddingSet.load(folder).paired()
        assert f"RMG {sde.gap_parts(*pairs).relative:.2f}" in said(at)


def test_where_all_rows_are_too_many_the_button_says_how_many_it_measures(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(decided, "CALIBRATED_ROWS", 40)
    for module in (decided, shown):
        monkeypatch.setattr(module, "MOST_CALIBRATED", 80)
    folder = replace(planted(), text=planted(turn=True).text[:, ::-1]).save(tmp_path / "planted")
    at = settled(open_page("compare", data=str(folder), compare_look="Beyond chance"))
    assert "Seeded sample, 40 of 400 rows." in said(at)
    button = at.button(key="measure_all_calibrated")
    assert re.fullmatch(r"Measure 80 rows, about \d+ s", button.label)
    button.click().run()
    until(lambda: not background._figures.active("figure"), 60)
    at = settled(at.run())
    assert not at.exception
    assert "Seeded sample, 80 of 400 rows." in said(at)
    assert "measure_all_calibrated" not in {b.key for b in at.button}


def test_atlases_of_more_pictures_are_a_press_away(open_page, tmp_path):
    rng = np.random.default_rng(0)
    made = sde.EmbeddingSet.from_arrays(*rng.normal(size=(2, 2_100, 6)).astype(np.float32), name="many")
    at = open_page("subspaces", data=str(made.save(tmp_path / "many")), look="Atlases")
    assert "A seeded sample of 2,000 of 2,100 pictures." in said(at)
    button = at.button(key="atlas_more")
    assert button.label == "Show all 2,100 pictures, about 1 s"
    button.click().run()
    assert not at.exception
    assert "All 2,100 pictures." in said(at)
    assert at.query_params["atlas_pictures"] == "10,000"
    assert "atlas_more" not in {b.key for b in at.button}
