"""The figures of a report, each from its part of the content."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sde_core.glossary.formats import percent, points, signed
from sde_core.report.spaces import SHOWN_EDGES
from sde_core.report.svg import Figure, Scale
from sde_core.vocabulary import BANDS

WIDTH, HEIGHT = 560.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 14.0, 34.0, 50.0
# A curve of more points than this looks the same and makes the file large.
_MOST_POINTS = 700

Content = Mapping[str, Any]


def spectrum_figure(modality: str, facts: Content) -> str:
    """Return singular value over rank with bands, thresholds and what shuffled columns give."""
    values, labels, shuffled = facts["singular_values"], facts["labels"], facts["shuffled"]
    shown = [v for v in (*values, *shuffled) if v > 0]
    if not shown:
        return ""
    low = max(min(shown), max(shown) * 1e-4)
    bands = ", ".join(f"{facts['bands'][b]['directions']} {b}" for b in BANDS)
    figure = _figure(
        (0.5, len(values) + 0.5),
        (low * 0.9, max(shown) * 1.15),
        f"Singular values of the {modality} vectors by rank: {bands} directions.",
        y_kind="log",
    )
    if _cuts_by_size(labels):
        start = 0
        for i, band in enumerate(BANDS):
            count = labels.count(i)
            if count:
                figure.band(start + 0.5, start + count + 0.5, band)
            start += count
    figure.axes("rank of the direction", "singular value")
    rows = min(len(shuffled), len(values))
    figure.line([i + 1 for i in range(rows)], shuffled[:rows], "ink", kind="control")
    if rows:
        # In the lower left nothing else is drawn: large ranks hold the small values.
        figure.text(_LEFT + 8, HEIGHT - _BOTTOM - 10, "- - columns shuffled: what chance gives")
    _thresholds(figure, facts)
    total = sum(v * v for v in values)
    seen = 0.0
    for i, (value, label) in enumerate(zip(values, labels, strict=True)):
        seen += value * value
        if i in _kept(len(values)):
            tip = (
                f"{modality}, {BANDS[label]}\ndirection {i + 1} of {len(values)}\nsingular value {value:.4g}\n"
                f"energy {percent(value * value / total)}, up to here {percent(seen / total)}"
            )
            figure.point(i + 1, value, BANDS[label], tip)
    return figure.svg()


def cumulative_figure(modalities: Mapping[str, Content]) -> str:
    """Return the share of energy that the first directions hold, both modalities."""
    longest = max(len(f["singular_values"]) for f in modalities.values())
    if not longest:
        return ""
    figure = _figure((0, longest), (0, 1.0), "Share of the energy that the first directions hold.")
    figure.axes("first k directions", "share of the energy", y_format=".0%")
    for place, (modality, facts) in enumerate(modalities.items()):
        values = facts["singular_values"]
        total, seen, curve = sum(v * v for v in values) or 1.0, 0.0, [0.0]
        for value in values:
            seen += value * value / total
            curve.append(seen)
        figure.line(range(len(curve)), curve, modality)
        ends = {facts["labels"].count(0), facts["labels"].count(0) + facts["labels"].count(1)}
        for k in sorted(_kept(len(values)) | {max(e - 1, 0) for e in ends}):
            if k < len(values):
                is_end = k + 1 in ends
                tip = f"{modality}\nfirst {k + 1} directions hold {percent(curve[k + 1])}"
                tip += "\nend of a band" if is_end else ""
                kind = "point" if is_end else "ghost"
                figure.point(k + 1, curve[k + 1], modality, tip, kind=kind, radius=4)
        figure.text(
            WIDTH - _RIGHT - 8,
            HEIGHT - _BOTTOM - 12 - 18 * place,
            f"● {modality}",
            anchor="end",
            kind=f"key {modality}",
        )
    return figure.svg()


def bulk_figure(modality: str, facts: Content) -> str:
    """Return how many directions lie at each size, beside the Marchenko-Pastur law."""
    bulk = facts["bulk"]
    if bulk is None:
        return ""
    heights = [sum(column) for column in zip(*bulk["counts"].values(), strict=True)]
    top = max([*heights, *bulk["law"][1], 1.0])
    distance = facts["fit_distance"]
    fit = "" if distance is None else f" KS distance {distance:.2f}."
    figure = _figure(
        (0, SHOWN_EDGES),
        (0, top * 1.08),
        f"Sizes of the {modality} directions in noise edges, beside pure noise.{fit}",
    )
    figure.axes("size, in noise edges", "directions")
    for i, (left, right) in enumerate(zip(bulk["bins"], bulk["bins"][1:], strict=False)):
        base = 0
        for band in reversed(BANDS):
            count = bulk["counts"][band][i]
            if count:
                tip = f"{modality}, {band}\n{count} directions near {(left + right) / 2:.2f} noise edges"
                figure.bar((left, right), (base, base + count), band, tip)
            base += count
    sizes, expected = bulk["law"]
    figure.line(sizes, expected, "law")
    figure.text(
        WIDTH - _RIGHT - 4, _TOP + 12, "— pure noise (Marchenko-Pastur)", anchor="end", kind="key law"
    )
    if bulk["beyond"]:
        figure.text(WIDTH - _RIGHT - 4, _TOP + 30, f"{bulk['beyond']} directions beyond →", anchor="end")
    return figure.svg()


def bands_figure(modalities: Mapping[str, Content]) -> str:
    """Return two bars a modality: share of directions and share of energy in each band."""
    rows = [(m, what) for m in modalities for what in ("directions", "energy")]
    alt = "Shares of directions and of energy in the bands."
    figure = _figure((0, 1), (0, len(rows)), alt, left=136)
    figure.axes("share", "", x_format=".0%", y_grid=False)
    figure.parts = [
        part for part in figure.parts if 'text-anchor="end"' not in part
    ]  # rows have names instead
    for place, band in enumerate(BANDS):
        figure.text(136 + 78 * place, 20, f"■ {band}", kind=f"key {band}")
    for place, (modality, what) in enumerate(rows):
        bands = modalities[modality]["bands"]
        count = sum(bands[b]["directions"] for b in BANDS) or 1
        y = len(rows) - place
        figure.text(128, figure.y(y - 0.5) + 4, f"{modality}, {what}", anchor="end", kind=f"key {modality}")
        start = 0.0
        for band in BANDS:
            share = bands[band]["directions"] / count if what == "directions" else bands[band]["energy_share"]
            energy = percent(bands[band]["energy_share"])
            tip = f"{modality}, {band}\n{bands[band]['directions']} directions\n{energy} of the energy"
            figure.bar((start, start + share), (y - 0.86, y - 0.14), band, tip)
            if share > 0.09:
                figure.text(
                    figure.x(start + share / 2),
                    figure.y(y - 0.5) + 4,
                    percent(share),
                    anchor="middle",
                    kind="inbar",
                )
            start += share
    return figure.svg()


def gains_figure(modality: str, facts: Content) -> str:
    """Return the gain of each direction at moments of training."""
    curves: Mapping[str, Sequence[float]] = facts["gains"]
    every = [g for curve in curves.values() for g in curve]
    if not every:
        return ""
    margin = max(0.05 * (max(every) - min(every)), 0.02)
    figure = _figure(
        (0.5, len(facts["labels"]) + 0.5),
        (min(*every, 1.0) - margin, max(*every, 1.0) + margin),
        f"Gain of each {modality} direction at five moments of training; 1 changes nothing.",
    )
    figure.axes("rank of the direction", "gain")
    figure.across(1.0, "ink")
    for place, (moment, curve) in enumerate(curves.items()):
        strength = 1.0 - 0.19 * place
        ranks = [i + 1 for i in range(len(curve))]
        figure.parts.append(f'<g opacity="{strength:.2f}">')
        figure.line(ranks, curve, modality)
        figure.parts.append("</g>")
        alpha = facts["alpha"][moment]
        for i in sorted(_kept(len(curve), 120)):
            tip = (
                f"{modality}, {BANDS[facts['labels'][i]]}\ndirection {i + 1}\ngain {curve[i]:.3f} at t = {moment}, "
                f"alpha {alpha:.3f}"
            )
            figure.point(i + 1, curve[i], modality, tip, kind="ghost", radius=4)
    figure.text(WIDTH - _RIGHT - 4, _TOP + 12, "darkest t = 0, palest t = 1", anchor="end")
    return figure.svg()


def forest_figure(rows: Sequence[Content], direction: str, title: str) -> str:
    """Return each treatment's change of R@1 and R@10 against raw, with paired intervals."""
    others = rows[1:]
    if not others:
        return ""
    keys = [f"{direction}_recall@{k}" for k in (1, 10)]
    ends = [100 * v for row in others for key in keys for v in row["differences"][key]]
    reach = max(1.0, *(abs(v) for v in ends)) * 1.06
    height = _TOP + 30.0 * len(others) + 50
    figure = _figure(
        (-reach, reach),
        (0, len(others)),
        f"{title}: change of R@1 and R@10 against raw, in points.",
        height=height,
        left=192,
    )
    figure.axes(f"{title}: change against raw, points", "", x_format="+.3g", y_grid=False)
    figure.parts = [part for part in figure.parts if 'text-anchor="end"' not in part]
    zero, (bottom, top) = figure.x(0), figure.y.pixels
    figure.parts.append(
        f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'
    )
    for place, row in enumerate(others):
        y = len(others) - place - 0.5
        is_ours = row["treatment"].startswith("sde-")
        figure.text(
            158, figure.y(y) + 4, row["treatment"], anchor="end", kind="key ours" if is_ours else "key"
        )
        for offset, key, kind in ((0.17, keys[0], "filled"), (-0.17, keys[1], "hollow")):
            _interval(figure, row, key, y + offset, kind, "accent" if is_ours else "ink")
    figure.text(192, 16, "● R@1 · ○ R@10 · faint: the interval holds 0")
    return figure.svg()


def _interval(figure: Figure, row: Content, key: str, y: float, kind: str, colour: str) -> None:
    estimate, low, high = (100 * v for v in row["differences"][key])
    faint = "" if low > 0 or high < 0 else " faint"
    at = figure.y(y)
    figure.parts.append(
        f'<line class="interval{faint}" x1="{figure.x(low):.1f}" x2="{figure.x(high):.1f}" y1="{at:.1f}" '
        f'y2="{at:.1f}" stroke="var(--{colour})"/>'
    )
    level = points(row["metrics"][key])
    tip = (
        f"{row['treatment']}\n{key.split('_')[-1].replace('recall', 'R')} {level} %\n"
        f"{signed(estimate)} points against raw\n95 % interval {signed(low)} to {signed(high)}"
    )
    figure.point(estimate, y, colour, tip, kind=f"{kind}{faint}", radius=4.2)


def _figure(
    x: tuple[float, float],
    y: tuple[float, float],
    alt: str,
    *,
    height: float = HEIGHT,
    left: float = _LEFT,
    y_kind: str = "linear",
) -> Figure:
    return Figure(
        width=WIDTH,
        height=height,
        x=Scale(domain=x, pixels=(left, WIDTH - _RIGHT)),
        y=Scale(domain=y, pixels=(height - _BOTTOM, _TOP), kind="log" if y_kind == "log" else "linear"),
        alt=alt,
    )


def _thresholds(figure: Figure, facts: Content) -> None:
    """Draw both thresholds; one label where two would lie on each other."""
    strong, noise = facts["tau_strong"], facts["tau_noise"]
    if strong is None or noise is None or not (math.isfinite(strong) and math.isfinite(noise)):
        return
    named = [(strong, "strong", f"strong above {strong:.3g}"), (noise, "noise", f"noise up to {noise:.3g}")]
    inside = [(v, c, w) for v, c, w in named if figure.y.domain[0] < v < figure.y.domain[1]]
    if len(inside) == 2 and abs(figure.y(strong) - figure.y(noise)) < 16:
        inside = [
            (strong, "strong", f"strong above {strong:.3g}, noise up to {noise:.3g}"),
            (noise, "noise", ""),
        ]
    for value, colour, words in inside:
        figure.across(value, colour, words)


def _cuts_by_size(labels: list[int]) -> bool:
    return labels == sorted(labels)


def _kept(count: int, most: int = _MOST_POINTS) -> set[int]:
    """Return the places of the points that are drawn: all, or every so many and the first ones."""
    if count <= most:
        return set(range(count))
    return set(range(0, count, math.ceil(count / most))) | set(range(min(count, 50))) | {count - 1}
