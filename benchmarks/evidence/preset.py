"""The protocol's rule for the preset: what `SDELossConfig.recommended()` must be, from the results."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import sde_core as sde
from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.methods import sde_config
from benchmarks.evidence.plan import MAIN, SECOND
from benchmarks.evidence.results import FOLDER, winners
from benchmarks.evidence.tables import SIGNIFICANT

INFONCE = sde.SDELossConfig(enhancement=None, hellinger=0.0, subspace=0.0, component_contrast=0.0)
"""What `SDELoss` is without any term."""
_WINS = (("styles", MAIN, "other"), ("pairs-1500", MAIN, "id"))
_NO_WORSE = (("styles", MAIN, "id"),)
_SAME_WAY = (("styles", SECOND, "other"), ("finetune", "bundled", "id"))

Rows = Sequence[Mapping[str, Any]]


def survivors(tables: Rows) -> list[str]:
    """Return the methods that the rule lets through, in the order of the tables."""
    rows = {(t["regime"], t["towers"], t["part"]): {r["method"]: r for r in t["rows"]} for t in tables}

    def found(where: tuple[str, str, str], method: str) -> Mapping[str, Any] | None:
        return rows.get(where, {}).get(method)

    methods = [m for m in rows.get(_WINS[0], {}) if m != BASELINE]
    return [
        method
        for method in methods
        if all(_is_better(found(where, method), SIGNIFICANT) for where in _WINS)
        and all(not _is_worse(found(where, method)) for where in _NO_WORSE)
        and all(_is_better(found(where, method), 1.1) for where in _SAME_WAY)
    ]


def recommendation(
    statistics: Mapping[str, Any], validation: Mapping[str, float], folder: Path = FOLDER
) -> sde.SDELossConfig:
    """Return the preset that the results make: the choice of the second part if it passed, else the first part's.

    Args:
        statistics: every comparison.
        validation: score of the first part in `styles` on the main towers by method.
        folder: of the results.
    """
    later = statistics["later"]
    if passes(later["pairs"]):
        (knobs,) = (t["knobs"] for t in winners(4, folder) if _where(t) == ("styles", MAIN, later["choice"]))
        config = sde_config(later["choice"], knobs)
        assert config is not None
        return config
    return first_recommendation(statistics["tables"], winners(folder=folder), validation)


def passes(rows: Rows) -> bool:
    """Return whether the comparisons of the second part let its choice through."""
    found = {row["name"]: row for row in rows}
    return (
        all(_is_better(found.get(name), SIGNIFICANT) for name in ("W1", "W4"))
        and not _is_worse(found.get("W2"))
        and all(_is_better(found.get(name), 1.1) for name in ("W5", "W6"))
    )


def first_recommendation(tables: Rows, tuned: Rows, validation: Mapping[str, float]) -> sde.SDELossConfig:
    """Return the first part's preset: of the survivors that `SDELossConfig` can express the best by validation.

    Args:
        tables: comparisons with InfoNCE.
        tuned: configurations that won their searches.
        validation: score in `styles` on the main towers by method.
    """
    knobs = {t["method"]: t["knobs"] for t in tuned if (t["regime"], t["towers"]) == ("styles", MAIN)}
    configs = {m: sde_config(m, knobs[m]) for m in survivors(tables)}
    able = {m: config for m, config in configs.items() if config is not None}
    return INFONCE if not able else able[max(able, key=lambda m: validation[m])]


def fields_of(config: sde.SDELossConfig) -> str:
    """Return a configuration as the table of the page, a field a row."""
    lines = ["| field | value |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{f.name}` | `{getattr(config, f.name)!r}` |" for f in fields(config))])


def _where(run: Mapping[str, Any]) -> tuple[str, str, str]:
    return run["regime"], run["towers"], run["method"]


def _is_better(row: Mapping[str, Any] | None, level: float) -> bool:
    return row is not None and row["estimate"] > 0 and row["holm"] < level


def _is_worse(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["estimate"] < 0 and row["holm"] < SIGNIFICANT
