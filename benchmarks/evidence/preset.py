"""The protocol's rule for the preset: what `SDELossConfig.recommended()` must be, from the results."""

from collections.abc import Mapping, Sequence
from typing import Any

import sde_core as sde
from benchmarks.evidence.analysis import BASELINE, INITIALS
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


def from_scratch(third: Mapping[str, Any], tuned: Rows) -> sde.SDELossConfig:
    """Return the preset for what starts at random: as `recommendation`, less what the rule asks of fine-tuning."""
    pairs = [row | {"estimate": 1.0} if row["name"][1:] == "6" else row for row in third["pairs"]]
    return recommendation({**third, "pairs": pairs}, tuned)


def recommendation(third: Mapping[str, Any], tuned: Rows) -> sde.SDELossConfig:
    """Return the preset that the third part makes: of the candidates that pass the one that validates best.

    Args:
        third: the third part, as `Analysis.third_part` returns it.
        tuned: configurations that won the fourth search.
    """
    names = {m: initial for m, initial in INITIALS.items() if passes(third["pairs"], initial)}
    if not names:
        return INFONCE
    best = max(names, key=lambda method: third["validation"][method])
    (knobs,) = (
        t["knobs"] for t in tuned if (t["regime"], t["towers"], t["method"]) == ("styles", MAIN, best)
    )
    config = sde_config(best, knobs)
    assert config is not None
    return config


def passes(rows: Rows, initial: str) -> bool:
    """Return whether the comparisons of the second or third part let what bears a letter through."""
    found = {row["name"]: row for row in rows if row["name"].startswith(initial)}
    return (
        all(_is_better(found.get(f"{initial}{i}"), SIGNIFICANT) for i in (1, 4))
        and f"{initial}2" in found
        and not _is_worse(found[f"{initial}2"])
        and all(_is_better(found.get(f"{initial}{i}"), 1.1) for i in (5, 6))
    )


def fields_of(*configs: sde.SDELossConfig) -> str:
    """Return configurations as the table of the page, a field a row."""
    lines = [f"| field |{' value |' * len(configs)}", f"|---|{'---|' * len(configs)}"]
    if len(configs) == 2:
        lines[0] = "| field | `recommended()` | `recommended(from_scratch=True)` |"
    rows = (
        " | ".join([f"`{name}`", *(f"`{getattr(config, name)!r}`" for config in configs)])
        for name in configs[0].flat()
    )
    return "\n".join([*lines, *(f"| {row} |" for row in rows)])


def _is_better(row: Mapping[str, Any] | None, level: float) -> bool:
    return row is not None and row["estimate"] > 0 and row["holm"] < level


def _is_worse(row: Mapping[str, Any] | None) -> bool:
    return row is not None and row["estimate"] < 0 and row["holm"] < SIGNIFICANT
