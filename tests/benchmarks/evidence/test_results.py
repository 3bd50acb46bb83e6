"""The page says what the results say, and the preset in the code is what the protocol's rule makes of them."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from benchmarks.evidence.analysis import PLACES, PRIMARY
from benchmarks.evidence.evaluation import Hits
from benchmarks.evidence.kept import kept_cells, store_of
from benchmarks.evidence.plan import MAIN, SECOND
from benchmarks.evidence.preset import (
    INFONCE,
    fields_of,
    from_scratch,
    passes,
    recommendation,
    survivors,
)
from benchmarks.evidence.report import PAGE, filled, sections
from benchmarks.evidence.results import FOLDER, collect, finals, read, winners, write_facts
from benchmarks.evidence.store import Store
from sde_explorer.training.numbers.evidence import EFFECTS, SOURCE, expected
from sde_explorer.training.numbers.presets import PRESETS

STATISTICS = read("statistics")


def test_the_page_holds_the_tables_that_the_results_make():
    text, made = PAGE.read_text("utf-8"), sections()
    for name in made:
        assert f"<!-- evidence {name} -->" in text, name
    assert filled(text, made) == text


def test_the_preset_of_the_code_is_the_one_of_the_rule_and_of_the_page():
    preset = sde.SDELossConfig.recommended()
    scratch = sde.SDELossConfig.recommended(from_scratch=True)
    assert preset == recommendation(STATISTICS["third_part"], winners(4))
    assert scratch == from_scratch(STATISTICS["third_part"], winners(4))
    assert fields_of(preset, scratch) in PAGE.read_text("utf-8")
    timed = sde.SDELossConfig.recommended(total_steps=7, calls_per_step=2, seed=3)
    assert timed == replace(preset, total_steps=7, calls_per_step=2, seed=3)


def test_every_primary_comparison_has_five_seeds_and_its_estimate():
    runs = finals()
    found = {row["name"]: row for row in STATISTICS["primary"]}
    assert set(found) == set(PRIMARY)
    for name, (method, against, data, towers, part) in PRIMARY.items():
        scores = [
            [Hits.unpacked(run["parts"][part]).score for run in runs[data, towers][m]]
            for m in (method, against)
        ]
        differences = 100 * (np.array(scores[0]) - scores[1])
        assert len(differences) == 5
        assert found[name]["estimate"] == pytest.approx(differences.mean(), abs=1e-3)
        assert found[name]["low"] <= found[name]["estimate"] <= found[name]["high"]
        assert found[name]["holm"] >= found[name]["p"]


def _cells(seeds, val=0.5):
    """Trainings of half a search."""
    names = {"stage": "fifth-tune", "setting": "pairs-500", "method": "infonce", "knobs": {"rate": 0.002}}
    return [({**names, "seed": seed}, {"val": val, "seconds": 1.5}) for seed in seeds]


def test_a_fresh_clone_goes_on_from_the_results_that_are_kept(tmp_path):
    store, again = store_of(tmp_path / "work"), tmp_path / "results"
    every = list(store.all())
    assert len(every) > 1_700
    assert all(store.find(cell) == result for cell, result in every)
    assert not any(store.folder.iterdir())  # nothing is copied, so nothing can go stale
    collect(store, again)
    for path in FOLDER.glob("*.json"):
        if path.stem not in ("facts", "statistics", "statistics-fifth"):
            assert (again / path.name).read_bytes() == path.read_bytes()


def test_half_a_search_is_collected_and_found_in_an_empty_work_folder(tmp_path):
    first, folder = Store(tmp_path / "first"), tmp_path / "results"
    for cell, result in _cells((3, 1)):
        first.keep(cell, result)
    assert collect(first, folder) == "fifth-tune-pairs-500: 2 added, 2 in all"
    fresh = Store(tmp_path / "fresh", lambda: kept_cells(folder))
    (one, result), (other, _) = _cells((1, 2))
    assert fresh.find(one) == result
    assert fresh.find(other) is None
    assert [cell["seed"] for cell, _ in fresh.all()] == [1, 3]
    assert [path.name for path in folder.iterdir()] == ["fifth-tune-pairs-500.json"]  # no facts, no tables


def test_collecting_adds_lines_and_never_changes_or_drops_one(tmp_path):
    folder, work, other = tmp_path / "results", Store(tmp_path / "work"), Store(tmp_path / "other")
    for cell, result in _cells((5, 7)):
        work.keep(cell, result)
    collect(work, folder)
    path = folder / "fifth-tune-pairs-500.json"
    before = path.read_text("utf-8").splitlines()
    stamp = path.stat()
    assert collect(work, folder) == "nothing new"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    for cell, result in _cells((5, 6), val=0.25):  # 5 ran elsewhere too: what is kept stays
        other.keep(cell, result)
    assert collect(other, folder) == "fifth-tune-pairs-500: 1 added, 3 in all"
    after = path.read_text("utf-8").splitlines()
    assert len(after) == 5
    assert {line.rstrip(",") for line in before} <= {line.rstrip(",") for line in after}
    assert after[1:-1] == sorted(after[1:-1])


def test_facts_are_written_when_more_has_run(tmp_path):
    store = Store(tmp_path / "work")
    for cell, result in _cells(range(4)):
        store.keep(cell, result)
    collect(store, tmp_path)
    assert write_facts(tmp_path) == "4 trainings, 0.0 h."
    facts = read("facts", tmp_path)
    assert facts["trainings"] == 4
    (tmp_path / "facts.json").write_text(json.dumps(facts | {"date": "2000-01-01"}), "utf-8")
    write_facts(tmp_path)
    assert read("facts", tmp_path)["date"] == "2000-01-01"
    store.keep(*_cells([9])[0])
    collect(store, tmp_path)
    write_facts(tmp_path)
    assert read("facts", tmp_path)["date"] > "2000-01-01"


def _row(effect, regime, towers, part):
    tables = STATISTICS["tables"] if effect.seeds == 5 else STATISTICS["third_part"]["tables"]
    (table,) = (t for t in tables if (t["regime"], t["towers"], t["part"]) == (regime, towers, part))
    (row,) = (row for row in table["rows"] if row["method"] == effect.method)
    assert len(row["by_seed"]) == effect.seeds
    return tuple(round(row[key], 1) for key in ("estimate", "low", "high"))


def test_what_the_training_view_promises_is_what_was_measured():
    assert EFFECTS.keys() <= {preset.run for preset in PRESETS.values()}
    assert {"SDE", "whitened agreement"} <= EFFECTS.keys()
    for run, effect in EFFECTS.items():
        assert effect.same == _row(effect, "styles", MAIN, "id"), run
        assert effect.other == _row(effect, "styles", MAIN, "other"), run
        assert effect.tuned == _row(effect, "finetune", "bundled", "id"), run
        assert f"{effect.same[0]:+.1f} points".replace("-", "\u2212") in expected(run)
        assert SOURCE in expected(run)
    assert expected("own mix") == ""


def _tables(**changes):
    """A method "contrast" that wins everywhere, with changes by regime-part."""
    where = {
        "styles-other": ("styles", MAIN, "other"),
        "styles-id": ("styles", MAIN, "id"),
        "pairs": ("pairs-1500", MAIN, "id"),
        "second": ("styles", SECOND, "other"),
        "finetune": ("finetune", "bundled", "id"),
    }
    tables = []
    for name, (data, towers, part) in where.items():
        estimate, p = changes.get(name.replace("-", "_"), (1.0, 0.01))
        rows = [{"method": "infonce", "score": 1.0}]
        rows += [{"method": m, "estimate": estimate, "holm": p} for m in ("contrast", "wmse")]
        tables.append({"regime": data, "towers": towers, "part": part, "rows": rows})
    return tables


@pytest.mark.parametrize(
    ("changes", "survives"),
    [
        ({}, True),
        ({"styles_other": (1.0, 0.2)}, False),
        ({"pairs": (1.0, 0.06)}, False),
        ({"styles_id": (-1.0, 0.01)}, False),
        ({"styles_id": (-1.0, 0.3)}, True),
        ({"second": (0.1, 1.0)}, True),
        ({"second": (-0.1, 1.0)}, False),
        ({"finetune": (-0.1, 1.0)}, False),
    ],
)
def test_the_rule_of_the_protocol(changes, survives):
    assert survivors(_tables(**changes)) == (["contrast", "wmse"] if survives else [])


def test_nothing_of_the_first_part_passed_its_rule():
    assert survivors(STATISTICS["tables"]) == []


@pytest.mark.parametrize(
    ("changes", "survives"),
    [
        ({}, True),
        ({"W1": (1.0, 0.06)}, False),
        ({"W4": (1.0, 0.06)}, False),
        ({"W2": (-1.0, 0.01)}, False),
        ({"W2": (-1.0, 0.1)}, True),
        ({"W5": (-0.1, 1.0)}, False),
        ({"W6": (-0.1, 1.0)}, False),
        ({"W6": (0.1, 1.0)}, True),
        ({"W7": (-1.0, 0.01)}, True),
    ],
)
def test_the_rule_of_the_second_part(changes, survives):
    rows = dict.fromkeys(PLACES, (1.0, 0.01)) | changes
    found = [{"name": name, "estimate": estimate, "holm": p} for name, (estimate, p) in rows.items()]
    assert passes(found, "W") is survives
    assert not passes(found, "B")
    for name in ("W1", "W2", "W4", "W5", "W6"):  # what has not run proves nothing
        assert not passes([row for row in found if row["name"] != name], "W")


def test_of_the_candidates_that_pass_the_better_validation_is_the_preset():
    tuned = [
        {"regime": "styles", "towers": MAIN, "method": m, "knobs": {"weight": 3, "shrinkage": 0.1} | own}
        for m, own in (("whitened-both", {}), ("components-barlow", {"off_diagonal": 0.02}))
    ]
    last = {
        "pairs": [{"name": f"{a}{i}", "estimate": 1.0, "holm": 0.01} for a in "BV" for i in range(1, 9)],
        "validation": {"whitened-both": 0.4, "components-barlow": 0.5},
    }
    found = recommendation(last, tuned)
    assert (found.component_barlow, found.barlow_off_diagonal, found.whitening) == (3, 0.02, 0)
    last["pairs"][0]["holm"] = 0.2
    found = recommendation(last, tuned)
    assert (found.component_barlow, found.whitening, found.whitening_by) == (0, 3, "both")
    last["pairs"][13] |= {"estimate": -0.1, "holm": 1.0}  # V6, fine-tuning
    assert recommendation(last, tuned) == INFONCE
    assert from_scratch(last, tuned) == found
    last["pairs"][8]["holm"] = 0.2
    assert from_scratch(last, tuned) == INFONCE


def test_the_preset_without_terms_is_plain_infonce():
    assert (INFONCE.enhancement, INFONCE.terms) == (None, ())
    assert (INFONCE.hellinger, INFONCE.subspace, INFONCE.component_contrast) == (0, 0, 0)
