"""The fifth part's analysis: a planted gain comes back, half a setting is in no table, the rule is the protocol's."""

import json

import numpy as np
import pytest

from benchmarks.evidence import fifth_report
from benchmarks.evidence.evaluation import Hits
from benchmarks.evidence.fifth_analysis import (
    CANDIDATES,
    analysed,
    fifth_finals,
    is_whole,
    passes,
    preset_of,
    sealed_of,
    verdict,
)
from benchmarks.evidence.fifth_methods import CONFIGS, CORE
from benchmarks.evidence.fifth_settings import SEEDS, SETTINGS
from benchmarks.evidence.preset import INFONCE

N = 60  # queries each way
GAINS = {"infonce": 0.0, "spectral": 0.3, "whitened-both": 0.0, "barlow-batch": -0.3}
SETTING = {setting.name: setting for setting in SETTINGS}


def _run(setting, method, seed):
    parts = {}
    for place, on in enumerate(("own", "stamps", "openmoji", "emojione", "icons")):
        if on == "stamps" and setting == "photographs":
            continue
        draw = np.random.default_rng([seed, place])  # the same luck for every method
        score = draw.normal(size=(2, N)) + GAINS[method]
        levels = sum((score > edge).astype(np.uint8) for edge in (0.5, 0.0, -0.5))
        parts[on] = Hits(levels[0], levels[1]).packed()
    cell = {"setting": setting, "method": method, "seed": seed, "knobs": {"rate": 1.0}, "val": GAINS[method]}
    return cell | {"stage": "fifth-final", "parts": parts}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of two settings that have run, and of one that lacks its last seed."""
    place = tmp_path_factory.mktemp("results")
    for name in ("photographs", "pairs-500", "pairs-1500"):
        runs = [_run(name, method, seed) for method in CORE for seed in SEEDS]
        runs.append({**runs[0], "knobs": {"rate": 9.0}})  # of a search that ended elsewhere before
        if name == "pairs-1500":
            del runs[len(SEEDS) - 1]
        tuned = [
            {"method": m, "knobs": {"rate": 1.0}, "trainings": 32, "limits": [], "open": ["rate"]}
            for m in CORE
        ]
        (place / f"fifth-final-{name}.json").write_text(json.dumps(runs))
        (place / f"fifth-tuned-{name}.json").write_text(json.dumps(tuned))
    return place


@pytest.fixture(scope="module")
def found(folder):
    runs = fifth_finals(folder)
    one = np.arange(N) // 2, np.arange(N) // 2
    clusters = {(name, on): one for name in runs for on in ("own", "stamps", "openmoji", "emojione", "icons")}
    made = analysed(runs, clusters)
    (folder / "statistics-fifth.json").write_text(json.dumps(made, default=list))
    return made


def test_only_settings_that_have_run_whole_are_there(folder):
    assert list(fifth_finals(folder)) == ["photographs", "pairs-500"]
    for methods in fifth_finals(folder).values():
        assert [run["seed"] for run in methods["infonce"]] == [*SEEDS]


def test_a_planted_gain_comes_back_and_nothing_is_found_where_nothing_is(found):
    rows = {(r["setting"], r["method"]): r for r in found["families"]["sealed"]}
    assert len(rows) == 6
    for name in ("photographs", "pairs-500"):
        runs = [[_run(name, m, s)["parts"] for s in SEEDS] for m in ("spectral", "infonce")]
        scores = [
            [np.mean([Hits.unpacked(parts[on]).score for on in sealed_of(SETTING[name])]) for parts in some]
            for some in runs
        ]
        row = rows[name, "spectral"]
        assert row["by_seed"] == pytest.approx(100 * (np.array(scores[0]) - scores[1]))
        assert 0 < row["low"] < row["estimate"] < row["high"]
        assert row["at_1"][0] > 0
        assert row["holm"] >= row["p"]
        assert rows[name, "whitened-both"]["estimate"] == 0
        assert rows[name, "whitened-both"]["holm"] == 1
        assert rows[name, "barlow-batch"]["high"] < 0


def test_the_photographs_are_judged_by_their_own_test_part_and_all_others_by_every_sealed_set(found):
    assert sealed_of(SETTING["photographs"])[0] == "own"
    assert sealed_of(SETTING["pairs-500"]) == ("stamps", "openmoji", "emojione", "icons")
    (row,) = (
        row
        for table in found["tables"]
        if (table["setting"], table["on"]) == ("photographs", "sealed")
        for row in table["rows"]
        if row["method"] == "spectral"
    )
    assert [*row["by_set"]] == ["own", "openmoji", "emojione", "icons"]


def test_nothing_is_concluded_before_the_eight_have_run(found, folder):
    assert verdict(found) == {
        "spectral": ["photographs", "pairs-500"],
        "whitened-both": [],
        "barlow-batch": [],
    }
    assert not is_whole(found)
    assert "2 of the eight settings have run" in fifth_report.said(found)
    made = fifth_report.fifth_sections(folder)
    assert made["fifth"].count("\n| `") == 6
    assert made["fifth-searches"].count("\n| `") == 8
    assert "openmoji" in made["fifth-settings"]
    assert fifth_report.fifth_figure(folder).svg().count("<circle") == 6


def test_before_any_has_run_the_page_says_so(tmp_path):
    assert "No setting has run whole" in fifth_report.fifth_sections(tmp_path)["fifth"]
    assert fifth_report.fifth_figure(tmp_path) is None
    assert fifth_report.analyse_fifth(tmp_path / "work", tmp_path).startswith("0 of 10 settings")
    assert "No setting has run whole" in fifth_report.fifth_sections(tmp_path)["fifth"]


def _whole(**changes):
    """Eight settings in which spectral contrast wins everywhere, but for what is changed, by (on, setting)."""
    families = {
        on: [
            {"setting": s.name, "method": m, "estimate": 1.0, "low": 0.5, "holm": 0.01}
            | ({} if m == "spectral" else {"estimate": -1.0, "low": -1.5, "holm": 0.9})
            | (changes.get(f"{on}_{s.name.replace('-', '_')}", {}) if m == "spectral" else {})
            for s in SETTINGS
            if s.counts
            for m in CANDIDATES
        ]
        for on in ("sealed", "own")
    }
    return {"families": families, "validation": {"spectral": 0.5, "barlow-batch": 0.6}, "tables": []}


def test_six_of_eight_is_the_bar(found):
    lost = {"low": -0.1}
    assert "The bar of six is met by `spectral`" in fifth_report.said(
        _whole(sealed_finetune=lost, sealed_styles=lost)
    )
    three = _whole(sealed_finetune=lost, sealed_styles=lost, sealed_pairs_500=lost)
    assert "The bar of six is met by nothing" in fifth_report.said(three)


def test_the_preset_is_what_the_rule_makes_of_the_runs(tmp_path):
    knobs = {"weight": 3.0, "shrinkage": 0.03}
    (tmp_path / "fifth-tuned-styles.json").write_text(json.dumps([{"method": "spectral", "knobs": knobs}]))
    assert preset_of(_whole(), tmp_path) == CONFIGS["spectral"](knobs)
    for place, change in (
        ("sealed_styles", {"holm": 0.06}),
        ("own_pairs_1500", {"holm": 0.06}),
        ("own_styles", {"estimate": -0.1, "holm": 0.04}),
        ("sealed_styles_second", {"estimate": -0.1}),
    ):
        assert not passes(_whole(**{place: change}), "spectral"), place
        assert preset_of(_whole(**{place: change}), tmp_path) == INFONCE
    worse = _whole(own_finetune={"estimate": -0.1})
    assert preset_of(worse, tmp_path) == INFONCE
    assert preset_of(worse, tmp_path, from_scratch=True) == CONFIGS["spectral"](knobs)
    assert passes(_whole(own_styles={"estimate": -0.1, "holm": 0.5}), "spectral")
