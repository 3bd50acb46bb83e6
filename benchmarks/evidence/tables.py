"""The tables of docs/results.md, made from the results."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.plan import MAIN
from benchmarks.evidence.store import Cell

SIGNIFICANT = 0.05


def facts_line(facts: Mapping[str, Any]) -> str:
    """Return when and with what the results were made."""
    versions = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return (
        f"{facts['trainings']:,} trainings in {facts['hours']:.1f} h of one thread, {facts['date']}, Python "
        f"{facts['python']}, {versions}."
    )


def pairs_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return comparisons of two methods, a row each."""
    lines = [
        "| | method | against | regime, towers | test part | difference, points (95 %) | by seed | p | Holm |",
        "|---|---|---|---|---|---:|---|---:|---:|",
    ]
    for row in rows:
        seeds = ", ".join(f"{x:+.1f}" for x in row["by_seed"])
        lines.append(
            f"| {row['name']} | `{row['method']}` | `{row['against']}` | `{row['regime']}`, `{row['towers']}` | "
            f"`{row['part']}` | {told(row)} | {seeds} | {p_value(row['p'])} | {p_value(row['holm'])} |"
        )
    return "\n".join(lines)


def regime_table(tables: Sequence[Mapping[str, Any]], data: str, towers: str, parts: Sequence[str]) -> str:
    """Return score and difference to InfoNCE of every method on some test parts of a regime."""
    chosen = [t for t in tables if (t["regime"], t["towers"]) == (data, towers) and t["part"] in parts]
    chosen.sort(key=lambda t: parts.index(t["part"]))
    by_method = [{row["method"]: row for row in table["rows"]} for table in chosen]
    lines = [
        f"| method | {' | '.join(t['part'] for t in chosen)} |",
        "|---|" + "---:|" * len(chosen),
    ]
    for method in by_method[0]:
        cells = " | ".join(_cell(rows[method]) for rows in by_method)
        lines.append(f"| `{method}` | {cells} |")
    return "\n".join(lines)


def recall_table(tables: Sequence[Mapping[str, Any]], data: str, towers: str, part: str) -> str:
    """Return R@1 and R@10 of every method on a test part, image to text and text to image."""
    (rows,) = (t["rows"] for t in tables if (t["regime"], t["towers"], t["part"]) == (data, towers, part))
    lines = [
        f"| method, `{part}` | R@1 | R@10 | score | difference (95 %) | p | Holm |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        recalls = " | ".join(" / ".join(f"{x:.2f}" for x in row[f"recall@{k}"]) for k in (1, 10))
        against = "| | |"
        if row["method"] != BASELINE:
            against = f"{told(row)} | {p_value(row['p'])} | {p_value(row['holm'])} |"
        else:
            against = " | | |"
        lines.append(f"| `{row['method']}` | {recalls} | {row['score']:.2f} | {against}")
    return "\n".join(lines)


def spectrum_table(methods: Mapping[str, Sequence[Cell]]) -> str:
    """Return what training did to the spectra of the `id` pictures and captions, mean over seeds."""
    lines = [
        "| method | strong: % of directions / of energy, image | the same, text | effective rank, image / text | gap | "
        "agreement strong / weak / noise |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for method, runs in methods.items():
        spectra = [run["spectrum"] for run in runs]
        cells = []
        for side in ("image", "text"):
            shares = [
                100 * np.mean([s[side][kind]["strong"] for s in spectra]) for kind in ("directions", "energy")
            ]
            cells.append(" / ".join(f"{x:.1f}" for x in shares))
        ranks = [np.mean([s[side]["effective_rank"] for s in spectra]) for side in ("image", "text")]
        cells += [" / ".join(f"{x:.0f}" for x in ranks), f"{np.mean([s['gap'] for s in spectra]):.2f}"]
        agreement = []
        for band in ("strong", "weak", "noise"):
            values = [s["agreement"][band] for s in spectra if band in s["agreement"]]
            agreement.append(f"{np.mean(values):.2f}" if values else "-")
        lines.append(f"| `{method}` | {' | '.join(cells)} | {' / '.join(agreement)} |")
    return "\n".join(lines)


def knobs_table(tuned: Sequence[Mapping[str, Any]], tries: Sequence[Mapping[str, Any]]) -> str:
    """Return the configurations that won, and how much validation moved over the search."""
    lines = [
        "| regime, towers | method | rate, decay, steps, batch, dropout, temperature | own | val, worst to best try |",
        "|---|---|---|---|---:|",
    ]
    shared = ("rate", "decay", "steps", "batch", "dropout", "temperature")
    for row in sorted(tuned, key=lambda r: (r["towers"] != MAIN, r["regime"] != "styles", r["regime"])):
        same = ("regime", "towers", "method")
        values = [100 * t["val"] for t in tries if all(t[k] == row[k] for k in same) and t["seed"] == 1000]
        own = ", ".join(f"{k} {v:g}" for k, v in sorted(row["knobs"].items()) if k not in shared)
        common = ", ".join(f"{row['knobs'][k]:g}" for k in shared)
        span = f"{min(values):.1f} to {max(values):.1f}" if values else ""
        lines.append(
            f"| `{row['regime']}`, `{row['towers']}` | `{row['method']}` | {common} | {own} | {span} |"
        )
    return "\n".join(lines)


def _cell(row: Mapping[str, Any]) -> str:
    if row["method"] == BASELINE:
        return f"{row['score']:.2f}"
    points = f"{row['estimate']:+.2f}"
    return f"{row['score']:.2f} ({_bold(points, row['holm'])})"


def told(row: Mapping[str, Any]) -> str:
    """Return a difference with its interval, bold where Holm's correction leaves it significant."""
    return _bold(f"{row['estimate']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})", row["holm"])


def _bold(words: str, p: float) -> str:
    return f"**{words}**" if p < SIGNIFICANT else words


def p_value(value: float) -> str:
    """Return a p-value with the digits that count."""
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}"
