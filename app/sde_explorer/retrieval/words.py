"""The sentences of the retrieval table, the queries and the surface, made from the numbers in them."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import recall
from sde_core.treatments.sweep import setting_words
from sde_explorer.readings.gains import kind_of
from sde_explorer.retrieval.figures.table import SAME, verdict
from sde_explorer.retrieval.numbers.table import METRICS, RAW, SEED, WAYS, Part
from sde_explorer.retrieval.table import signed, value_of
from sde_explorer.retrieval.terms import ROWS
from sde_explorer.search.words import LEGEND
from sde_explorer.ui.frame import MOST_LETTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sde_core.retrieval.bootstrap import Interval
    from sde_core.retrieval.rank_change import RankChange
    from sde_core.treatments.sweep import SettingSweep
    from sde_explorer.retrieval.numbers.surface import Cell, Surface
    from sde_explorer.retrieval.numbers.table import RecallRow
    from sde_explorer.retrieval.state import RetrievalState

ADVERSARIAL = "The strong mode adversarial follows a loss in training; measured here is amplify in its place."
NO_THRESHOLDS = (
    "The rule {} labels each direction by itself: it has no thresholds, so there is no surface over them. Choose a "
    "rule that cuts by size, such as mp-iqr."
)

ONE_MODALITY = "What is shown here is the search within the other modality; recall needs both."
FINDING_TERMS = (
    "Points: percent of the queries that find a right answer among the first k. In brackets the 95 % interval of the "
    "paired difference to raw vectors; what leaves out 0 is more than the choice of queries. All of it on the seeded "
    "half of the set on which nothing was fitted."
)


def finding(raw: "RecallRow", treated: "RecallRow | None", state: "RetrievalState", part: Part) -> str:
    """Return what the treatment changes, with its interval and how many queries say so; at most `MOST_LETTERS` letters.

    Args:
        raw: the row of the vectors as they are.
        treated: the row of the treatment; None while it is measured.
        state: of the dashboard: which treatment, metric and direction of search.
        part: that is asked, some or all of it.
    """
    metric, way = state.recall_metric, WAYS[state.recall_way]
    key = f"{way}_{METRICS[metric]}"
    asked, of = _asked(raw, state.recall_way, part)
    kinds = "captions" if way.query == "text" else "pictures"
    if treated is None or key not in treated.compared.differences:
        return f"{metric} is {with_unit(raw.compared.metrics[key], metric)} for {asked}{of} {kinds} that ask"
    change = treated.compared.differences[key]
    name = "Pruning" if kind_of(state) == "pruned" else f"Enhancement at t = {state.t:.2g}"
    verbs = ("gains", "loses", "changes")
    if state.transform == "none":  # it is measured, and not in use
        verbs = ("would gain", "would lose", "would change")
    unit = {"MRR": " of MRR", "median rank": " ranks"}.get(metric, f" points of {metric}")
    size = signed(abs(change.estimate), metric).lstrip("+")
    span = f"[{signed(change.low, metric)}, {signed(change.high, metric)}]"
    kind = verdict(change, metric)
    if kind == SAME:
        said = f"{name} {verbs[2]} {metric} by {signed(change.estimate, metric)} {span}, within chance"
    else:
        said = f"{name} {verbs[kind == 'worse']} {size}{unit} {span}"
    longer = [f"{said}, {asked}{of} {kinds}", f"{said}, {asked} {kinds}"]
    return next((line for line in longer if len(line) <= MOST_LETTERS), said)


def _asked(raw: "RecallRow", way: str, part: Part) -> tuple[str, str]:
    """Return how many queries asked, and " of" how many there are where that is more."""
    asked = int(raw.compared.metrics[f"{WAYS[way]}_queries"])
    there = len(part.texts if WAYS[way].query == "text" else part.images)
    return f"{asked:,}", "" if part.asked is None else f" of {there:,}"


def panel(raw: "RecallRow | None", way: str, metric: str, part: Part) -> str:
    """Return what stands above a panel of the figure: the direction, what raw reaches, and how many ask."""
    if raw is None:
        return way
    metrics = raw.compared.metrics
    asked = f"{''.join(_asked(raw, way, part))} queries"
    return f"{way}</b>, raw {with_unit(metrics[f'{WAYS[way]}_{METRICS[metric]}'], metric)}, {asked}<b>"


def with_unit(value: float, metric: str) -> str:
    """Return a number of the table with its unit.

    >>> with_unit(0.5, "MRR")
    '0.500'
    """
    return value_of(value, metric) + ("\u00a0%" if metric.startswith("R@") else "")


def half_story(test: Part) -> str:
    """Return who asks, in a line."""
    made = test.embeddings
    return f"A seeded half asks: **{made.n_images:,} pictures**, **{made.n_texts:,} captions**."


def split_story(fit: Part, test: Part) -> str:
    """Return what was fitted on what, and how many queries are asked."""
    made = test.embeddings
    some = (
        "" if test.asked is None else f"; {min(map(len, test.asked.values())):,} seeded queries each way ask"
    )
    return (
        f"Fitted on a seeded half, **{len(fit.images):,} pictures**; asked on the other: "
        f"**{made.n_images:,} pictures** and **{made.n_texts:,} captions**{some or ', once each'} (seed {SEED})."
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
    f"the set was halved, nor that {len(ROWS) - 1} rows are compared at once: as many that change nothing would leave "
    "0 about once in a column. ▲ and ▼ mark intervals that leave 0 out. † marks a "
    "transductive row: it sees all queries of the test before it ranks one."
)

HOW_TO_READ = (
    f"{LEGEND}\n\n**Below, many queries.** {INTERVAL_STORY} The table has more rows than the picture."
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


def surface_story(found: "Surface", state: "RetrievalState", kind: str) -> str:
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


NOTHING_CHOSEN_YET = "The baselines are on their way: what was tried of each is drawn once they are there."
NOTHING_CHOSEN = (
    "Fewer than 40 held-out pairs: nothing was tried, baselines have their usual settings. Open a larger set."
)


def chosen_story(sweeps: "Mapping[str, SettingSweep]") -> str:
    """Return how the settings of the baselines were chosen.

    Args:
        sweeps: by baseline, at least one.
    """
    any_of = next(iter(sweeps.values()))
    return (
        "Every baseline is fitted on one half, its setting (ring) chosen on "
        f"**{any_of.n_asking:,} pairs** of it that the other {any_of.n_fitted:,} do not know, then asked on the half "
        "that chose nothing."
    )


def chosen_settings(sweeps: "Mapping[str, SettingSweep]") -> str:
    """Return which settings were taken."""
    return f"Taken: {', '.join(f'{name} {_setting(sweep)}' for name, sweep in sweeps.items())}."


def _setting(sweep: "SettingSweep") -> str:
    named = setting_words(sweep.setting)
    return f"at {named.replace('n_directions', 'directions')}"
