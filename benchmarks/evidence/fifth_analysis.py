"""The fifth part's comparisons, computed from its final runs, and what follows from them for README and preset."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import sde_core as sde
from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.evaluation import Hits
from benchmarks.evidence.fifth_methods import CONFIGS, CORE
from benchmarks.evidence.fifth_settings import SEEDS, SETTINGS, Setting
from benchmarks.evidence.preset import INFONCE
from benchmarks.evidence.results import FOLDER, read
from benchmarks.evidence.sealed import SEALED
from benchmarks.evidence.statistics import Compared, Difference, holm, mean_difference
from benchmarks.evidence.store import Cell
from benchmarks.evidence.tables import SIGNIFICANT
from sde_core.retrieval.links import Ints

CANDIDATES = tuple(method for method in CORE if method != BASELINE)
WINS = 6
"""Of the eight settings: the protocol's bar."""
Clusters = Mapping[tuple[str, str], tuple[Ints, Ints]]
"""(setting, set) -> the cluster of each picture query and of each caption query."""
Finals = Mapping[str, Mapping[str, Sequence[Cell]]]
Row = dict[str, Any]


def fifth_finals(folder: Path = FOLDER) -> dict[str, dict[str, list[Cell]]]:
    """Return the final runs by setting and method, seeds in order; a setting that has not run whole is left out.

    Args:
        folder: of the results.
    """
    found: dict[str, dict[str, list[Cell]]] = {}
    for setting in SETTINGS:
        won = {cell["method"]: cell["knobs"] for cell in read(f"fifth-tuned-{setting.name}", folder)}
        runs: dict[str, list[Cell]] = {method: [] for method in setting.methods}
        for run in read(f"fifth-final-{setting.name}", folder):
            if run["knobs"] == won.get(run["method"]) and run["seed"] in SEEDS:
                runs[run["method"]].append(run)
        if all(len(some) == len(SEEDS) for some in runs.values()):
            found[setting.name] = {m: sorted(some, key=lambda run: run["seed"]) for m, some in runs.items()}
    return found


def sealed_of(setting: Setting) -> tuple[str, ...]:
    """Return the sets whose mean a setting is judged by, as its final runs name them."""
    return tuple("own" if name == "stamps" and setting.regime == "photographs" else name for name in SEALED)


def analysed(runs: Finals, clusters: Clusters) -> dict[str, Any]:
    """Return rows of every setting on its sealed sets and its own test part, and the protocol's families.

    Args:
        runs: as `fifth_finals` returns them.
        clusters: of every setting and set.
    """
    settings = {setting.name: setting for setting in SETTINGS if setting.name in runs}
    tables = [
        {"setting": name, "on": on, "rows": _rows(runs[name], name, sets, clusters)}
        for name, setting in settings.items()
        for on, sets in (("sealed", sealed_of(setting)), ("own", ("own",)))
    ]
    families = {on: _family(tables, on, settings) for on in ("sealed", "own")}
    return {"tables": tables, "families": families, "validation": _validation(runs)}


def verdict(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the settings of the eight in which each candidate beats InfoNCE with an interval above 0."""
    rows = found["families"]["sealed"]
    return {m: [r["setting"] for r in rows if r["method"] == m and r["low"] > 0] for m in CANDIDATES}


def is_whole(found: Mapping[str, Any]) -> bool:
    """Return whether all eight settings have run: before that nothing is concluded."""
    return {row["setting"] for row in found["families"]["sealed"]} == {s.name for s in SETTINGS if s.counts}


def preset_of(found: Mapping[str, Any], folder: Path = FOLDER, *, from_scratch: bool = False) -> Any:  # noqa: ANN401
    """Return the preset that the rule makes of these runs: of what passes, the one that validates best in `styles`.

    Args:
        found: as `analysed` returns it, whole.
        folder: of the results.
        from_scratch: leave out what the rule asks of fine-tuning.
    """
    passing = [method for method in CANDIDATES if passes(found, method, from_scratch=from_scratch)]
    if not passing:
        return INFONCE
    best = max(passing, key=lambda method: found["validation"][method])
    (knobs,) = (c["knobs"] for c in read("fifth-tuned-styles", folder) if c["method"] == best)
    config: sde.SDELossConfig = CONFIGS[best](knobs)
    return config


def passes(found: Mapping[str, Any], method: str, *, from_scratch: bool = False) -> bool:
    """Return whether the rule of the second part lets a method through, sealed mean in the place of `other`."""
    rows = {
        (on, row["setting"]): row
        for on, family in found["families"].items()
        for row in family
        if row["method"] == method
    }
    wins = [rows["sealed", "styles"], rows["own", "pairs-1500"]]
    same_sign = [rows["sealed", "styles-second"], *([] if from_scratch else [rows["own", "finetune"]])]
    no_worse = rows["own", "styles"]
    return (
        all(row["estimate"] > 0 and row["holm"] < SIGNIFICANT for row in wins)
        and all(row["estimate"] > 0 for row in same_sign)
        and not (no_worse["estimate"] < 0 and no_worse["holm"] < SIGNIFICANT)
    )


def _rows(
    methods: Mapping[str, Sequence[Cell]], name: str, sets: Sequence[str], clusters: Clusters
) -> list[Row]:
    """Return score, R@1 and difference to InfoNCE of every method, Holm's correction over the rows."""
    hits = {
        m: {s: [Hits.unpacked(run["parts"][s]) for run in runs] for s in sets} for m, runs in methods.items()
    }
    rows = []
    for method, found in hits.items():
        row: Row = {"method": method, "score": 100 * float(np.mean([_mean(h) for h in found.values()]))}
        row["recall@1"] = 100 * float(np.mean([[h.recall(1) for h in one] for one in found.values()]))
        if method != BASELINE:
            pairs = {
                s: Compared(first=found[s], second=hits[BASELINE][s], clusters=clusters[name, s])
                for s in sets
            }
            row |= asdict(mean_difference(list(pairs.values())))
            row["at_1"] = _short(mean_difference(list(pairs.values()), k=1))
            row["by_set"] = {s: _short(mean_difference([pair])) for s, pair in pairs.items()}
        rows.append(row)
    corrected = holm({row["method"]: row["p"] for row in rows if "p" in row})
    return [row | ({"holm": corrected[row["method"]]} if "p" in row else {}) for row in rows]


def _family(tables: Sequence[Row], on: str, settings: Mapping[str, Setting]) -> list[Row]:
    """Return the candidates against InfoNCE in the settings that count, corrected together."""
    rows = [
        {"setting": table["setting"], **row}
        for table in tables
        if table["on"] == on and settings[table["setting"]].counts
        for row in table["rows"]
        if row["method"] in CANDIDATES
    ]
    corrected = holm({f"{row['setting']}/{row['method']}": row["p"] for row in rows})
    return [row | {"holm": corrected[f"{row['setting']}/{row['method']}"]} for row in rows]


def _validation(runs: Finals) -> dict[str, float]:
    return {m: float(np.mean([run["val"] for run in some])) for m, some in runs.get("styles", {}).items()}


def _mean(hits: Sequence[Hits]) -> float:
    return float(np.mean([one.score for one in hits]))


def _short(found: Difference) -> list[float]:
    return [found.estimate, found.low, found.high]
