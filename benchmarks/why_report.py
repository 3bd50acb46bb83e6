"""Tables, correlations and picture of docs/why.md, from the looks that `python -m benchmarks.why` keeps."""

import json
import re
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from benchmarks.evidence.statistics import holm
from benchmarks.trained_bands import apart
from benchmarks.training_run import write
from sde_core.report.svg import Figure, Scale

ROOT = Path(__file__).resolve().parents[1]
KEPT = Path(__file__).with_name("why.json")
PAGE = ROOT / "docs/why.md"
PICTURE = ROOT / "docs/images/why.svg"
STEPS = (0, 4, 16, 48, 160)
PLAIN = "infonce"
DRAWN = ("score", "rank image", "whitened cosine", "noise agreement", "strong energy", "centroids")
COLOURS = {
    "infonce": "ink", "whitened-both": "strong", "spectral": "image", "barlow-batch": "text", "sde-1": "law",
}  # fmt: skip
"""Losses that are drawn in a colour of their own; the others are thin and grey."""
DIGITS = {"rank image": 1, "rank text": 1}
Values = npt.NDArray[np.float64]
Looks = list[dict[str, Any]]
Found = dict[str, dict[str, dict[str, Looks]]]
"""Regime -> loss -> steps done, as JSON has it -> looks, seeds in order."""

_WIDE, _HIGH, _LEFT, _TOP, _GAP = 176, 130, 62, 66, 62


def write_page() -> list[str]:
    """Write tables and picture of the page, and return the tables."""
    found = json.loads(KEPT.read_text("utf-8"))
    PAGE.write_text(filled(PAGE.read_text("utf-8"), found), "utf-8")
    write(picture(found), PICTURE)
    return tables(found)


def filled(page: str, found: Found) -> str:
    """Return the page with its tables replaced."""
    made = "\n".join(tables(found))
    marked = re.compile(r"(<!-- why -->\n).*?(<!-- /why -->)", re.DOTALL)
    return marked.sub(lambda m: f"{m[1]}{made}\n{m[2]}", page)


def value(look: dict[str, Any], name: str) -> float:
    """Return a measure of a look, or "score", "R@1", "score other" in points."""
    what, _, part = name.partition(" ")
    if what in {"score", "R@1"}:
        return 100 * float(look["score" if what == "score" else "recall_1"][part or "id"])
    return float(look["measures"][name])


def names_of(found: Found, regime: str) -> tuple[list[str], list[str]]:
    """Return the scores and the measures of a regime."""
    look = found[regime][PLAIN][str(STEPS[-1])][0]
    scores = ["score", *(f"score {part}" for part in look["score"] if part != "id"), "R@1"]
    return scores, list(look["measures"])


def difference(found: Found, regime: str, loss: str, name: str) -> tuple[float, float, float]:
    """Return the mean difference to InfoNCE at the last step, and the ends of its 95 % interval."""
    last = str(STEPS[-1])
    runs = found[regime]
    return apart(runs[loss][last], runs[PLAIN][last], lambda look: value(look, name))


def goes_with(found: Found, regime: str, score: str) -> dict[str, tuple[float, float, float]]:
    """Return for each measure Spearman's correlation with a score over the losses, its exact p, and Holm's.

    A measure that a look lacks, as one without a strong band, is left out.
    """
    losses = [loss for loss in found[regime] if loss != PLAIN]
    gains = rankdata([difference(found, regime, loss, score)[0] for loss in losses])
    orders = np.array(list(permutations(gains)))
    rhos, ps = dict[str, float](), dict[str, float]()
    for name in names_of(found, regime)[1]:
        moved = np.array([difference(found, regime, loss, name)[0] for loss in losses])
        if not np.isfinite(moved).all():
            continue
        moved = rankdata(moved)
        every = _correlations(orders, moved)
        rhos[name] = float(_correlations(gains[None], moved)[0])
        ps[name] = float(np.mean(np.abs(every) >= abs(rhos[name]) - 1e-9))
    corrected = holm(ps)
    return {name: (rhos[name], ps[name], corrected[name]) for name in rhos}


def going(found: Found) -> list[str]:
    """Return the measures that go with the gain by the protocol's rule."""
    told = [goes_with(found, regime, "score") for regime in found]
    return [
        name
        for name in told[0]
        if all(name in one and one[name][2] < 0.05 for one in told)
        and len({one[name][0] > 0 for one in told}) == 1
    ]


def _correlations(orders: Values, moved: Values) -> Values:
    centred, other = orders - orders.mean(1, keepdims=True), moved - moved.mean()
    size = np.sqrt((centred**2).sum(1) * (other**2).sum())
    return (centred @ other) / np.where(size > 0, size, 1.0)


def tables(found: Found) -> list[str]:
    """Return per regime the scores and measures of every loss at the end, and what goes with which score."""
    lines: list[str] = []
    for regime, runs in found.items():
        scores, measures = names_of(found, regime)
        lines += [f"### `{regime}`", "", _row("loss", *scores), _row(*((1 + len(scores)) * ["---"]))]
        lines += [_row(f"`{loss}`", *(_cell(found, regime, loss, s) for s in scores)) for loss in runs]
        lines += ["", _row("measure", *(f"`{loss}`" for loss in runs)), _row(*((1 + len(runs)) * ["---"]))]
        lines += [_row(m, *(_cell(found, regime, loss, m) for loss in runs)) for m in measures]
        own = [score for score in scores if score != "R@1"]
        columns = [f"{score}: {what}" for score in own for what in ("correlation", "p", "p by Holm")]
        lines += ["", _row("measure", *columns), _row(*((1 + len(columns)) * ["---"]))]
        told = [goes_with(found, regime, score) for score in own]
        lines += [_row(m, *(cell for one in told for cell in _correlation(one.get(m)))) for m in measures]
        lines.append("")
    return lines[:-1]


def _correlation(told: tuple[float, float, float] | None) -> tuple[str, ...]:
    if told is None:
        return ("-", "-", "-")
    rho, *ps = told
    return (f"{rho:+.2f}", *(f"{p:.4f}" for p in ps))


def _cell(found: Found, regime: str, loss: str, name: str) -> str:
    last = str(STEPS[-1])
    digits = 2 if name.split()[0] in {"score", "R@1"} else DIGITS.get(name, 3)
    mean = np.mean([value(look, name) for look in found[regime][loss][last]])
    if not np.isfinite(mean):
        return "-"
    if loss == PLAIN:
        return f"{mean:.{digits}f}"
    middle, low, high = difference(found, regime, loss, name)
    if not np.isfinite(middle):
        return f"{mean:.{digits}f}"
    mark = "**" if low > 0 or high < 0 else ""
    return f"{mean:.{digits}f} ({mark}{middle:+.{digits}f}{mark})"


def picture(found: Found) -> Figure:
    """Return a panel for each measure that is drawn, in a row for each regime: the mean over seeds at every look."""
    nowhere = Scale(domain=(0, 1), pixels=(0, 1))
    figure = Figure(
        width=_LEFT + (_WIDE + _LEFT) * 3,
        height=_TOP + 2 * len(found) * (_HIGH + _GAP),
        x=nowhere,
        y=nowhere,
        alt=f"{', '.join(DRAWN)} over the steps of {len(found[next(iter(found))])} losses, in {len(found)} regimes.",
    )
    for i, (loss, colour) in enumerate(COLOURS.items()):
        figure.parts.append(
            f'<line x1="{_LEFT + 148 * i}" x2="{_LEFT + 22 + 148 * i}" y1="14" y2="14" stroke="var(--{colour})" '
            'stroke-width="2.4"/>'
        )
        figure.text(_LEFT + 28 + 148 * i, 18, loss)
    for row, (regime, runs) in enumerate(found.items()):
        for place, name in enumerate(DRAWN):
            left = _LEFT + (_WIDE + _LEFT) * (place % 3)
            top = _TOP + (2 * row + place // 3) * (_HIGH + _GAP)
            if place >= 3:
                figure.text(left + _WIDE / 2, top + _HIGH + 34, "steps done", anchor="middle", kind="title")
            _panel(figure, runs, name, f"{name}, {regime}", left, top)
    return figure


def _panel(
    figure: Figure, runs: dict[str, dict[str, Looks]], name: str, title: str, left: float, top: float
) -> None:
    means = {
        loss: [float(np.mean([value(look, name) for look in looks[str(step)]])) for step in STEPS]
        for loss, looks in runs.items()
    }
    every = [x for line in means.values() for x in line]
    reach = max(every) - min(every) or 1.0
    figure.x = Scale(domain=(0, len(STEPS) - 1), pixels=(left, left + _WIDE))
    figure.y = Scale(domain=(min(every) - 0.04 * reach, max(every) + 0.04 * reach), pixels=(top + _HIGH, top))
    figure.text(left, top - 8, title, kind="title")
    for tick in figure.y.ticks(4):
        y = figure.y(tick)
        figure.parts.append(f'<line class="grid" x1="{left}" x2="{left + _WIDE}" y1="{y:.2f}" y2="{y:.2f}"/>')
        figure.text(left - 6, y + 4, f"{tick:.4g}", anchor="end", kind="tick")
    for i, step in enumerate(STEPS):
        figure.text(figure.x(i), top + _HIGH + 16, str(step), anchor="middle", kind="tick")
    for loss in sorted(means, key=lambda one: one in COLOURS):
        kind = "curve" if loss in COLOURS else "seed"
        figure.line(range(len(STEPS)), means[loss], COLOURS.get(loss, "noise"), kind=kind)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
