"""The fifth part in docs/results.md: its tables, its picture, and the sentence that says how far it has run."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.fifth_analysis import CANDIDATES, WINS, analysed, fifth_finals, is_whole, verdict
from benchmarks.evidence.fifth_settings import SETTINGS
from benchmarks.evidence.plots import beside
from benchmarks.evidence.results import FOLDER, read
from benchmarks.evidence.tables import p_value, told
from sde_core.report.svg import Figure

STATISTICS = "statistics-fifth"
COUNTING = tuple(setting.name for setting in SETTINGS if setting.counts)


def analyse_fifth(work: Path, folder: Path = FOLDER) -> str:
    """Compute the comparisons of the settings that have run whole, keep them, and return how many those are.

    Args:
        work: folder of the sealed sets; fetched if some setting has run whole.
        folder: of the results.
    """
    from benchmarks.evidence.fifth_part import FifthPart

    runs = fifth_finals(folder)
    part = FifthPart(work, deadline=math.inf)
    settings = [setting for setting in SETTINGS if setting.name in runs]
    clusters = {(s.name, on): found for s in settings for on, found in part.clusters(s).items()}
    found = analysed(runs, clusters)
    (folder / f"{STATISTICS}.json").write_text(json.dumps(found, default=list) + "\n", "utf-8")
    return f"{len(runs)} of {len(SETTINGS)} settings of the fifth part have run whole."


def fifth_sections(folder: Path = FOLDER) -> dict[str, str]:
    """Return the fifth part's tables by the name in their markers; a sentence where nothing has run whole."""
    found = read(STATISTICS, folder)
    if not found or not found["tables"]:
        words = "No setting has run whole yet; `python -m benchmarks.evidence --fifth` goes on with it."
        return {"fifth": words, "fifth-searches": words, "fifth-settings": words}
    parts = [_methods_table(table, folder) for table in found["tables"] if table["on"] == "sealed"]
    return {
        "fifth": f"{said(found)}\n\n{_family_table(found['families']['sealed'])}",
        "fifth-settings": "\n\n".join(parts),
        "fifth-searches": _searches(found, folder),
    }


def said(found: Mapping[str, Any]) -> str:
    """Return what the runs say in a sentence, no more than the protocol lets them."""
    run = [name for name in COUNTING if any(r["setting"] == name for r in found["families"]["sealed"])]
    wins = verdict(found)
    counts = ", ".join(f"`{method}` in {len(wins[method])}" for method in CANDIDATES)
    if not is_whole(found):
        return (
            f"{len(run)} of the eight settings have run ({', '.join(f'`{name}`' for name in run)}), so nothing is "
            f"concluded yet. Ahead of a tuned InfoNCE with an interval above 0: {counts}."
        )
    ahead = [method for method in CANDIDATES if len(wins[method]) >= WINS]
    words = f"by {', '.join(f'`{m}`' for m in ahead)}" if ahead else "by nothing"
    return (
        f"Of the eight settings, ahead of a tuned InfoNCE with an interval above 0: {counts}. "
        f"The bar of six is met {words}."
    )


def fifth_figure(folder: Path = FOLDER) -> Figure | None:
    """Return each candidate's difference to InfoNCE in every setting that counts, or None before any has run."""
    found = read(STATISTICS, folder)
    if not found or not found["families"]["sealed"]:
        return None
    panels = {
        method: {row["setting"]: row for row in found["families"]["sealed"] if row["method"] == method}
        for method in CANDIDATES
    }
    alt = "Difference to a tuned InfoNCE on the sealed sets with 95 % intervals, by setting."
    return beside(panels, "points against InfoNCE, mean over the sealed sets", alt=alt)


def _family_table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| setting | method | score | difference, points (95 %) | R@1 alone | by seed | p | Holm |",
        "|---|---|---:|---:|---:|---|---:|---:|",
    ]
    for row in rows:
        seeds = ", ".join(f"{x:+.1f}" for x in row["by_seed"])
        lines.append(
            f"| `{row['setting']}` | `{row['method']}` | {row['score']:.2f} | {told(row)} | {_points(row['at_1'])} | "
            f"{seeds} | {p_value(row['p'])} | {p_value(row['holm'])} |"
        )
    return "\n".join(lines)


def _methods_table(table: Mapping[str, Any], folder: Path) -> str:
    """Return every method of a setting: mean over the sealed sets, each set by itself, and its own test part."""
    own = next(
        t["rows"]
        for t in read(STATISTICS, folder)["tables"]
        if t["on"] == "own" and t["setting"] == table["setting"]
    )
    by_method = {row["method"]: row for row in own}
    sets = next(list(row["by_set"]) for row in table["rows"] if "by_set" in row)
    columns = ["score", "R@1", "difference (95 %)", "Holm", *sets, "own test part"]
    lines = [f"| `{table['setting']}` | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    for row in table["rows"]:
        cells = [f"{row['score']:.2f}", f"{row['recall@1']:.2f}"]
        last = by_method[row["method"]]
        if row["method"] == BASELINE:
            cells += [""] * (2 + len(sets)) + [f"{last['score']:.2f}"]
        else:
            cells += [told(row), p_value(row["holm"])] + [f"{row['by_set'][name][0]:+.2f}" for name in sets]
            cells.append(f"{last['score']:.2f} ({last['estimate']:+.2f})")
        lines.append(f"| `{row['method']}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _searches(found: Mapping[str, Any], folder: Path) -> str:
    lines = [
        "| setting | method | trainings | won | at a limit | neighbours not tried |",
        "|---|---|---:|---|---|---|",
    ]
    for name in dict.fromkeys(table["setting"] for table in found["tables"]):
        for cell in read(f"fifth-tuned-{name}", folder):
            knobs = ", ".join(f"{knob} {value:g}" for knob, value in sorted(cell["knobs"].items()))
            lines.append(
                f"| `{name}` | `{cell['method']}` | {cell['trainings']} | {knobs} | "
                f"{', '.join(cell['limits']) or '-'} | {', '.join(cell['open']) or '-'} |"
            )
    return "\n".join(lines)


def _points(found: Sequence[float]) -> str:
    return f"{found[0]:+.2f} ({found[1]:+.2f} to {found[2]:+.2f})"
