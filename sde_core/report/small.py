"""The small figures of cards: spectra, bands, recall over k, differences with their intervals."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from sde_core.glossary.formats import percent, signed
from sde_core.partition import Partition
from sde_core.report.svg import Figure, Scale
from sde_core.retrieval.bootstrap import Interval
from sde_core.retrieval.chance import chance_recall
from sde_core.retrieval.ranking import QueryRanks, RetrievalRanks, query_values
from sde_core.treatments.comparison import Comparison
from sde_core.vocabulary import BANDS, DIRECTIONS

_WIDTH, _RIGHT = 420, 410
_MOST_POINTS, _FIRST, _CUT_OFFS, _MOST_ROWS = 200, 50, 30, 12
_NAME_LETTERS, _ROW = 24, 26

_WAYS = {way.query.value: way.label for way in DIRECTIONS}
Values = npt.NDArray[np.float64]


def curves(
    spectra: Sequence[tuple[Values, Sequence[str]]],
    alt: str,
    thresholds: tuple[float, float] = (math.nan, math.nan),
    legend: Mapping[str, str] | None = None,
) -> str:
    """Return singular value over rank, a point a direction; of many, every so many and the first ones.

    Args:
        spectra: the singular values of each, largest first, at least one of them, and the colour of each value.
        alt: what it shows, in words.
        thresholds: strong and noise; those outside what is drawn are left out.
        legend: colour -> what it stands for.
    """
    low = min(max(float(values[-1]), float(values[0]) * 1e-4) for values, _ in spectra)
    high = max(float(values[0]) for values, _ in spectra)
    figure = Figure(
        width=_WIDTH,
        height=190,
        x=Scale(domain=(0.5, max(len(values) for values, _ in spectra) + 0.5), pixels=(52, _RIGHT)),
        y=Scale(domain=(low * 0.9, high * 1.15), pixels=(148, 24), kind="log"),
        alt=alt,
    )
    figure.axes("rank of the direction", "singular value")
    for value, band in zip(thresholds, ("strong", "noise"), strict=True):
        if low < value < high * 1.1:
            figure.across(value, band)
    for values, colours in spectra:
        step = math.ceil(len(values) / _MOST_POINTS)
        for place in sorted({*range(0, len(values), step), *range(min(len(values), _FIRST))}):
            tip = f"direction {place + 1}, {values[place]:.4g}"
            figure.point(place + 1, float(values[place]), colours[place], tip, radius=2.2)
    _name(figure, legend or {})
    return figure.svg()


def strip(part: Partition, alt: str) -> str:
    """Return the band of each direction, in their order, as one bar."""
    labels = [int(label) for label in part.labels]
    figure = Figure(
        width=_WIDTH,
        height=46,
        x=Scale(domain=(0, len(labels)), pixels=(4, _RIGHT)),
        y=Scale(domain=(0, 1), pixels=(22, 4)),
        alt=alt,
    )
    start = 0
    for label, run in groupby(labels):
        end = start + len(list(run))
        figure.bar((start, end), (0, 1), BANDS[label], f"{BANDS[label]}: directions {start + 1} to {end}")
        start = end
    figure.text(4, 40, "1", kind="tick")
    figure.text(_RIGHT, 40, f"{len(labels):,}", anchor="end", kind="tick")
    figure.text((_RIGHT + 4) / 2, 40, "rank of the direction", anchor="middle", kind="title")
    return figure.svg()


def recall_curves(ranks: RetrievalRanks, alt: str) -> str:
    """Return recall over k in both directions, each beside any order."""
    asked: dict[str, QueryRanks] = {way.query.value: getattr(ranks, way) for way in DIRECTIONS}
    last = max(found.n_gallery for found in asked.values())
    figure = Figure(
        width=_WIDTH,
        height=190,
        x=Scale(domain=(1, max(last, 2)), pixels=(52, _RIGHT), kind="log"),
        y=Scale(domain=(0, 1), pixels=(148, 24)),
        alt=alt,
    )
    figure.axes("k, of the first answers", "queries with a right one", y_format=".0%")
    for colour, found in asked.items():
        ks = sorted({round(k) for k in np.geomspace(1, found.n_gallery, _CUT_OFFS)})
        values, relevant = query_values(found, ks), found.n_relevant[found.included].tolist()
        chance = [chance_recall(relevant, found.n_gallery, k) for k in ks]
        figure.line(ks, chance, colour, kind="chance")
        figure.line(ks, [float(values[f"recall@{k}"].mean()) for k in ks], colour)
    _name(figure, _WAYS)
    return figure.svg()


def differences(table: Comparison, metric: str, alt: str) -> str:
    """Return a row's difference to the first row in both directions, with its intervals, in points.

    Args:
        table: with at least two rows; the first twelve others are drawn.
        metric: as in the names of `retrieval_metrics`, such as "recall@1".
        alt: what it shows, in words.
    """
    rows = [
        (row.name, {way.query.value: row.differences[f"{way}_{metric}"] for way in DIRECTIONS})
        for row in table[1 : _MOST_ROWS + 1]
    ]
    ends = [100 * end for _, found in rows for one in found.values() for end in (one.low, one.high, 0.0)]
    room = max(0.05 * (max(ends) - min(ends)), 0.1)
    height = 34 + _ROW * len(rows)
    figure = Figure(
        width=_WIDTH,
        height=height + 44,
        x=Scale(domain=(min(ends) - room, max(ends) + room), pixels=(160, _RIGHT)),
        y=Scale(domain=(0, len(rows)), pixels=(height, 24)),
        alt=alt,
    )
    figure.axes("points of R@1", "", y_grid=False, y_ticks=False)
    figure.line((0, 0), (0, len(rows)), "ink", kind="axis")
    for place, (name, found) in enumerate(rows):
        middle = len(rows) - place - 0.5
        short = name if len(name) <= _NAME_LETTERS else f"{name[:_NAME_LETTERS]}…"
        figure.text(152, figure.y(middle) + 4, short, anchor="end")
        for (colour, one), aside in zip(found.items(), (0.18, -0.18), strict=True):
            _interval(figure, one, middle + aside, colour, name)
    _name(figure, _WAYS)
    return figure.svg()


def reached(shares: Sequence[tuple[str, float]], alt: str) -> str:
    """Return how much of each bound was reached, a bar each, and the bounds as one line at 1.

    Args:
        shares: name of each bound, and measured over bound; at least one.
        alt: what it shows, in words.
    """
    height = 12 + _ROW * len(shares)
    most = max(1.0, *(share for _, share in shares))
    figure = Figure(
        width=_WIDTH,
        height=height + 40,
        x=Scale(domain=(0, 1.05 * most), pixels=(200, _RIGHT)),
        y=Scale(domain=(0, len(shares)), pixels=(height, 12)),
        alt=alt,
    )
    figure.axes("measured, of the bound", "", x_format=".0%", y_grid=False, y_ticks=False)
    for place, (name, share) in enumerate(shares):
        middle = len(shares) - place - 0.5
        figure.text(192, figure.y(middle) + 4, name, anchor="end")
        figure.bar(
            (0, share), (middle - 0.3, middle + 0.3), "image", f"{name}: {percent(share)} of the bound"
        )
    figure.line((1, 1), (0, len(shares)), "ink", kind="axis")
    return figure.svg()


def _name(figure: Figure, legend: Mapping[str, str]) -> None:
    """Say at the top right what each colour stands for."""
    right = float(_RIGHT)
    for colour, words in reversed([*legend.items()]):
        figure.text(right, 12, words, anchor="end", kind="tick")
        right -= 7.0 * len(words) + 8
        figure.mark(right, 8, colour)
        right -= 14


def _interval(figure: Figure, found: Interval, at: float, colour: str, name: str) -> None:
    low, middle, high = (100 * value for value in (found.low, found.estimate, found.high))
    figure.line((low, high), (at, at), colour)
    tip = f"{name}, {colour} asks: {signed(middle)} [{signed(low)}, {signed(high)}]"
    figure.point(middle, at, colour, tip, radius=3.2)
