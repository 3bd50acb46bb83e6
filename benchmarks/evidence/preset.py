"""The protocol's rule for the preset: what `SDELossConfig.recommended()` must be, from the results."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import sde_core as sde
from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.methods import sde_config
from benchmarks.evidence.plan import MAIN, SECOND
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


def recommendation(tables: Rows, tuned: Rows, validation: Mapping[str, float]) -> sde.SDELossConfig:
    """Return the preset: of the survivors that `SDELossConfig` can express the one with the best validation.

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


def _is_better(row: Mapping[str, Any] | None, level: float) -> bool:
    return row is not None and row["estimate"] > 0 and row["holm"] < level


def _is_worse(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["estimate"] < 0 and row["holm"] < SIGNIFICANT
