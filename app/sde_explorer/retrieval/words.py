"""The sentences of the retrieval table, the queries and the surface, made from the numbers in them."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import recall
from sde_explorer.retrieval.figures.table import SAME, verdict
from sde_explorer.retrieval.numbers.table import METRICS, RAW, SEED, WAYS, Part
from sde_explorer.retrieval.table import signed, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core.retrieval.bootstrap import Interval
    from sde_core.retrieval.rank_change import RankChange
    from sde_explorer.retrieval.numbers.surface import Cell, Surface
    from sde_explorer.retrieval.numbers.table import RecallRow
    from sde_explorer.state import State

ADVERSARIAL = "The strong mode adversarial follows a loss in training; measured here is amplify in its place."
NO_THRESHOLDS = (
    "The rule {} labels each direction by itself: it has no thresholds, so there is no surface over them. Choose a "
    "rule that cuts by size, such as mp-iqr."
)


def split_story(fit: Part, test: Part) -> str:
    """Return what was fitted on what, and how many queries are asked."""
    made = test.embeddings
    return (
        f"Everything is fitted on a seeded half of what is shown, **{len(fit.images):,} pictures**, and measured on "
        f"the other: **{made.n_images:,} pictures** and **{made.n_texts:,} captions** ask once each. "
        f"Pictures that share captions stay together. Seed {SEED}."
    )


def verdict_story(rows: "Sequence[RecallRow]", metric: str) -> list[str]:
    """Return, for each direction of search, which rows differ from raw beyond chance and which do not."""
    return [
        f"**{way}.** {_verdicts(rows, f'{prefix}_{METRICS[metric]}', metric)}" for way, prefix in WAYS.items()
    ]


def _verdicts(rows: "Sequence[RecallRow]", key: str, metric: str) -> str:
    by_kind: dict[str, list[str]] = {"better": [], "worse": [], SAME: []}
    for row in rows:
        change = row.compared.differences.get(key)
        if change is not None:
            kind = verdict(change, metric)
            by_kind[kind].append(
                row.name if kind == SAME else f"{row.name} ({signed(change.estimate, metric)})"
            )
    parts = []
    raw = next((row for row in rows if row.name == RAW), None)
    if raw is not None:
        unit = "\u00a0%" if metric.startswith("R@") else ""
        parts.append(f"Raw {metric} is {value_of(raw.compared.metrics[key], metric)}{unit}.")
    for kind, words in (
        ("better", "Better beyond chance: {}."),
        ("worse", "Worse beyond chance: {}."),
        (SAME, "Not told apart from raw: {}."),
    ):
        if by_kind[kind]:
            parts.append(words.format(", ".join(by_kind[kind])))
    return " ".join(parts)


INTERVAL_STORY = (
    "Dots are differences to raw on the same queries, bars their 95 % bootstrap intervals (2,000 draws, queries that "
    "share an answer drawn together); the line is raw. Intervals cover the choice of queries. They do not cover how "
    "the set was halved, nor that ten rows are compared at once: ten rows that change nothing would leave 0 about "
    "once in two columns. ▲ and ▼ mark intervals that leave 0 out."
)


def change_story(change: "RankChange", row: str, way: str) -> str:
    """Return how many queries moved which way."""
    total = len(change.before)
    kinds = "captions" if WAYS[way].query == "text" else "pictures"
    counts = (
        f"Of {total:,} {kinds} that ask, **{change.better:,} find their answer earlier**, {change.same:,} at the same "
        f"rank, **{change.worse:,} later** with {row} than with raw vectors."
    )
    return (
        f"{counts} Below the dotted line is earlier. Whole ranks are spread by a third of a rank, so that points "
        "do not hide each other; hover for the picture, draw around points to pick their pictures."
    )


def best_story(found: "Surface", kind: str) -> str:
    """Return what was chosen on validation, and honestly what it is worth on test."""
    best = found.best
    lines = [
        f"Chosen on validation ({_val(found)}): **noise × {best.noise:.3g}, strong × {best.strong:.3g}**, mean R@1 "
        f"{recall(best.recall)} against {recall(found.raw.recall)} raw. "
        f"There {_counts(best)} are noise{_alike(best, kind)}."
    ]
    if not found.is_whole:
        return lines[0]
    raw, own, tested = found.test
    lines.append(f"On {found.n_test:,} test pictures that chose nothing:")
    verdicts = []
    for way, prefix in WAYS.items():
        key = f"{prefix}_recall@1"
        values = [recall(row.compared.metrics[key]) for row in (raw, own, tested)]
        change = tested.compared.differences[key]
        verdicts.append(verdict(change, "R@1"))
        lines.append(
            f"- {way}: R@1 **{values[2]}** at these thresholds, {values[1]} at the rule's own, **{values[0]}** raw; "
            f"difference to raw {_change(change)}."
        )
    lines.append(f"- gap: {tested.gap:.2f}, {own.gap:.2f} at the rule's own thresholds, {raw.gap:.2f} raw.")
    lines.append("")
    lines.append(_honest(verdicts, kind))
    return "\n".join(lines)


def _honest(verdicts: list[str], kind: str) -> str:
    if "better" in verdicts and "worse" not in verdicts:
        ways = " and ".join(way for way, v in zip(WAYS, verdicts, strict=True) if v == "better")
        return f"**The best thresholds help on test as well, beyond chance: {ways}.**"
    if "worse" in verdicts and "better" not in verdicts:
        return (
            f"**What is best on validation is worse than raw on test: no pair of thresholds makes {kind} vectors "
            "retrieve better here.**"
        )
    if "better" in verdicts:
        return "**Better one way and worse the other, beyond chance: no plain gain.**"
    return (
        "**What is best on validation is not better than raw on test: the difference is within chance. Do not expect "
        f"{kind} vectors to retrieve better here.**"
    )


def _val(found: "Surface") -> str:
    if found.n_val < found.n_val_all:
        return f"{found.n_val:,} pictures drawn of {found.n_val_all:,}"
    return f"{found.n_val:,} pictures"


def _counts(cell: "Cell") -> str:
    _, image, images, _, text, texts = cell.counts
    return f"{image:,} of {images:,} image and {text:,} of {texts:,} text directions"


def _alike(cell: "Cell", kind: str) -> str:
    """Return what it means where everything is noise."""
    if not cell.is_all_noise or kind == "pruned":
        return ""
    return ": all shrink alike, which leaves the vectors' directions nearly as they are"


def _change(change: "Interval") -> str:
    low, high = signed(change.low, "R@1"), signed(change.high, "R@1")
    return f"{signed(change.estimate, 'R@1')} points, 95 % from {low} to {high}"


def surface_story(found: "Surface", state: "State", kind: str) -> str:
    """Return what the surface is of, and how its parts were drawn."""
    also = (
        " The strong threshold changes nothing about pruned vectors: columns are of one colour."
        if kind == "pruned"
        else ""
    )
    return (
        f"{kind.capitalize()} vectors, rule {state.rule}, fitted on {found.n_fit:,} pictures; each cell is a pair of "
        f"thresholds, measured on {_val(found)} of validation. Click a cell to set its thresholds in all views. Three "
        f"seeded parts (half, quarter, quarter) that share no caption, seed {SEED}.{also}"
    )
