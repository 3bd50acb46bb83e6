"""The pictures of docs/results.md, drawn from the results."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.evidence.analysis import BASELINE
from benchmarks.evidence.plan import MAIN, SECOND
from benchmarks.evidence.tables import SIGNIFICANT
from sde_core.report.svg import Figure, Scale, number

Rows = Sequence[Mapping[str, Any]]

_ROW = 20
_LABELS = 150
_PANEL = 250
_TOP = 44
COLOURS = {"infonce": "ink", "contrast": "accent", "sde": "law", "contrast-raw": "image"}


def differences(tables: Rows, parts: Sequence[str]) -> Figure:
    """Return every method's difference to InfoNCE on some test parts of `styles`, main towers, with intervals."""
    chosen = {t["part"]: t["rows"] for t in tables if (t["regime"], t["towers"]) == ("styles", MAIN)}
    panels = [{row["method"]: row for row in chosen[part] if row["method"] != BASELINE} for part in parts]
    return beside(
        dict(zip(parts, panels, strict=True)),
        "points against InfoNCE",
        alt="Difference of every method to InfoNCE with 95 % intervals, by test part.",
    )


def beside(panels: Mapping[str, Mapping[str, Mapping[str, Any]]], unit: str, *, alt: str) -> Figure:
    """Return estimates with intervals, a panel each, a row for every method of the first one.

    Args:
        panels: title -> method -> estimate, low, high, and holm, the corrected p-value that colours it.
        unit: said below.
        alt: what the picture shows.
    """
    methods = list(next(iter(panels.values())))
    bottom = _TOP + _ROW * len(methods)
    figure = _bare(_LABELS + _PANEL * len(panels), bottom + 44, alt)
    for place, method in enumerate(methods):
        figure.text(_LABELS - 12, _middle(place) + 4, method, anchor="end")
    for at, (title, rows) in enumerate(panels.items()):
        _panel(figure, title, rows, methods, _LABELS + _PANEL * at, bottom)
    figure.text(_LABELS + _PANEL * len(panels) / 2, bottom + 38, unit, anchor="middle", kind="title")
    return figure


def replications(second: Rows, third: Rows) -> Figure:
    """Return the comparisons of the second and the third part with intervals, a row each.

    Args:
        second: comparisons of the choice with InfoNCE.
        third: those of both candidates.
    """
    panels: dict[str, dict[str, Mapping[str, Any]]] = {}
    for part, rows in (("second", second), ("third", third)):
        for row in rows:
            where = "styles, second" if row["towers"] == SECOND else row["regime"]
            panels.setdefault(f"{row['method']}, {part} part", {})[f"{where}: {row['part']}"] = row
    labels = list(next(iter(panels.values())))
    bottom = _TOP + _ROW * len(labels)
    figure = _bare(
        _LABELS + _PANEL * len(panels),
        bottom + 44,
        "Difference to InfoNCE with 95 % intervals in every regime, in the second and the third part of the study.",
    )
    for place, label in enumerate(labels):
        figure.text(_LABELS - 12, _middle(place) + 4, label, anchor="end")
    for at, (title, found) in enumerate(panels.items()):
        _panel(figure, title, found, labels, _LABELS + _PANEL * at, bottom)
    middle = _LABELS + _PANEL * len(panels) / 2
    figure.text(middle, bottom + 38, "points against InfoNCE", anchor="middle", kind="title")
    return figure


def sensitivity(settings: Mapping[str, Mapping[str, Sequence[tuple[Any, float, float]]]]) -> Figure:
    """Return validation against the tuned setting, one panel a method and knob.

    Args:
        settings: method -> knob -> (value, mean difference in points, standard error), as `measured` returns it.
    """
    panels = [(m, knob, points) for m, knobs in settings.items() for knob, points in knobs.items()]
    columns, wide, high = 3, 300, 190
    rows = -(-len(panels) // columns)
    figure = _bare(columns * wide, rows * high, "Validation score by each knob, against the tuned setting.")
    every = [y + sign * error for _, _, points in panels for _, y, error in points for sign in (-1, 1)]
    y_domain = min(*every, -1.0), max(*every, 1.0)
    for i, (method, knob, points) in enumerate(panels):
        left, top = (i % columns) * wide + 52, (i // columns) * high + 34
        _knob(figure, f"{method}: {knob}", points, (left, top), (wide - 74, high - 80), y_domain)
    return figure


def _knob(
    figure: Figure,
    title: str,
    points: Sequence[tuple[Any, float, float]],
    corner: tuple[float, float],
    size: tuple[float, float],
    y_domain: tuple[float, float],
) -> None:
    left, top = corner
    figure.x = Scale(domain=(0, max(1, len(points) - 1)), pixels=(left + 14, left + size[0] - 14))
    figure.y = Scale(domain=y_domain, pixels=(top + size[1], top))
    figure.text(left, top - 12, title, kind="title")
    for value in figure.y.ticks(3):
        _across(figure, figure.y(value), left, left + size[0], is_zero=value == 0)
        figure.text(left - 6, figure.y(value) + 4, f"{value:+g}" if value else "0", anchor="end", kind="tick")
    figure.line(range(len(points)), [y for _, y, _ in points], COLOURS[title.split(":")[0]])
    for place, (value, y, error) in enumerate(points):
        _whisker(figure, figure.x(place), (figure.y(y - error), figure.y(y + error)))
        words = value if isinstance(value, str) else f"{value:g}"
        figure.text(figure.x(place), top + size[1] + 18, words, anchor="middle", kind="tick")


def _panel(
    figure: Figure,
    part: str,
    rows: Mapping[str, Mapping[str, Any]],
    methods: Sequence[str],
    left: float,
    bottom: float,
) -> None:
    ends = [row[end] for row in rows.values() for end in ("low", "high")]
    figure.x = Scale(domain=(min(*ends, -0.5), max(*ends, 0.5)), pixels=(left + 6, left + _PANEL - 22))
    figure.text(left + 6, 24, part, kind="title")
    for value in figure.x.ticks(4):
        _upright(figure, figure.x(value), _TOP, bottom, is_zero=value == 0)
        figure.text(
            figure.x(value), bottom + 16, f"{value:+g}" if value else "0", anchor="middle", kind="tick"
        )
    for place, method in enumerate(methods):
        row = rows.get(method)
        if row is None:
            continue
        colour = "ink" if row["holm"] >= SIGNIFICANT else "strong" if row["estimate"] > 0 else "law"
        y = number(_middle(place))
        figure.parts.append(
            f'<line x1="{number(figure.x(row["low"]))}" x2="{number(figure.x(row["high"]))}" y1="{y}" y2="{y}" '
            f'stroke="var(--{colour})" stroke-width="2"/>'
            f'<circle cx="{number(figure.x(row["estimate"]))}" cy="{y}" r="3.6" fill="var(--{colour})"/>'
        )


def _bare(width: float, height: float, alt: str) -> Figure:
    unit = Scale(domain=(0, 1), pixels=(0, 1))
    return Figure(width=width, height=height, x=unit, y=unit, alt=alt)


def _middle(place: int) -> float:
    return _TOP + _ROW * (place + 0.5)


def _across(figure: Figure, y: float, left: float, right: float, *, is_zero: bool = False) -> None:
    kind = "axis" if is_zero else "grid"
    figure.parts.append(
        f'<line class="{kind}" x1="{number(left)}" x2="{number(right)}" y1="{number(y)}" y2="{number(y)}"/>'
    )


def _upright(figure: Figure, x: float, top: float, bottom: float, *, is_zero: bool = False) -> None:
    kind = "axis" if is_zero else "grid"
    figure.parts.append(
        f'<line class="{kind}" x1="{number(x)}" x2="{number(x)}" y1="{number(top)}" y2="{number(bottom)}"/>'
    )


def _whisker(figure: Figure, x: float, ends: tuple[float, float]) -> None:
    figure.parts.append(
        f'<line x1="{number(x)}" x2="{number(x)}" y1="{number(ends[0])}" y2="{number(ends[1])}" '
        f'stroke="var(--ink)" stroke-width="1.2"/>'
    )


def _key(figure: Figure, x: float, y: float, name: str) -> None:
    figure.parts.append(
        f'<line x1="{number(x)}" x2="{number(x + 22)}" y1="{number(y)}" y2="{number(y)}" '
        f'stroke="var(--{COLOURS[name]})" stroke-width="2.4"/>'
    )
    figure.text(x + 28, y + 4, name)
