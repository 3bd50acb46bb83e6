"""Wherever numbers are of a seeded sample, one button measures all rows and says before how long that takes."""

import re
from dataclasses import replace

import pytest

import sde_core as sde
from sde_explorer.compare.numbers import separate
from sde_explorer.readings import metrics
from sde_explorer.readings.cached import background
from sde_explorer.subspaces import gap
from tests.app.compare.test_page import said, settled
from tests.app.compare.test_separate import planted
from tests.app.conftest import card_numbers
from tests.waiting import until


@pytest.mark.parametrize(
    ("view", "look", "place", "name", "what"),
    [
        ("spectrum", {"section": "Metrics"}, (metrics, "SAMPLE"), "metrics", "pairs"),
        ("subspaces", {"look": "Gap"}, (gap, "MOST_PAIRS"), "gap", "pairs"),
        ("compare", {"compare_look": "How separate"}, (separate, "MOST_ROWS"), "separate", "pictures"),
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
