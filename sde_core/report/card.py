"""Cards of results for notebooks: the small figure and the sentence of the dashboard, light and dark, nothing fetched.

Every word that a user brought is escaped; ink is that of the notebook's own theme.
"""

import math
from collections.abc import Sequence
from functools import singledispatch
from html import escape
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from sde_core.geometry.gap import GapParts
from sde_core.geometry.parity.verdict import Parity
from sde_core.glossary import BOUNDS, Format, Term
from sde_core.glossary.formats import number, percent, points, signed
from sde_core.glossary.palette import BAND, MODALITY
from sde_core.partition import Bands, Partition
from sde_core.report.svg import Figure, Scale
from sde_core.report.words import bands_finding
from sde_core.retrieval.bootstrap import Interval
from sde_core.retrieval.ranking import RetrievalRanks, metrics_from_ranks
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.certificate import Certificate
from sde_core.spectra.metrics import spectrum_metrics
from sde_core.spectra.result import Spectrum
from sde_core.treatments.comparison import ComparedRetrieval, Comparison
from sde_core.vocabulary import BANDS, DIRECTIONS

KS = (1, 5, 10)
_MOST_POINTS, _MOST_CAPTIONS, _LETTERS = 200, 3, 80


@singledispatch
def card(thing: object) -> str:
    """Return a result as a piece of HTML.

    Args:
        thing: a spectrum, bands, a partition, ranks, a compared row, a certificate or a set; of anything else its line.
    """
    return f"<code>{escape(repr(thing))}</code>"


@card.register
def _spectrum(thing: Spectrum) -> str:
    metrics = spectrum_metrics(thing)
    values = thing.singular_values.cpu().numpy()
    if not len(values):
        return _page(f"<p>No direction: all {thing.n_samples:,} rows are equal.</p>")
    half = int((np.cumsum(values**2) < 0.5 * (values**2).sum()).sum()) + 1
    words = (
        f"{_count(half, 'direction holds', 'directions hold')} half of the energy of {thing.n_samples:,} rows; the "
        f"effective rank is {metrics['effective_rank']:.0f} of {thing.n_features}."
    )
    return _page(f"<p>{words}</p>{_curve(values, np.zeros(len(values), np.int64), ('image',), words)}")


@card.register
def _bands(thing: Bands) -> str:
    words = f"{bands_finding(thing)}."
    labels = [int(label) for label in thing.labels]
    figure = _curve(thing.values, thing.labels, BANDS, words, thresholds=(thing.tau_strong, thing.tau_noise))
    shares = "".join(
        f"<tr><th>{band}</th><td>{labels.count(place)}</td><td>{percent(thing.energy_share(band))}</td></tr>"
        for place, band in enumerate(BANDS)
    )
    head = "<thead><tr><th>band</th><th>directions</th><th>energy</th></tr></thead>"
    return _page(f"<p>{words}</p>{figure}<table>{head}<tbody>{shares}</tbody></table>")


@card.register
def _partition(thing: Partition) -> str:
    counts = ", ".join(f"{getattr(thing, f'n_{band}'):,} {band}" for band in BANDS)
    cut = (
        f"strong above {thing.tau_strong:.4g}, noise up to {thing.tau_noise:.4g}"
        if thing.cuts_by_size
        else ""
    )
    lines = [f"Rule {escape(thing.rule)}: <b>{counts}</b>.", f"<small>{escape(thing.note)}</small>"]
    lines[1:1] = [f"{cut[0].upper()}{cut[1:]}."] if cut else []
    return _page("".join(f"<p>{line}</p>" for line in lines))


@card.register
def _ranks(thing: RetrievalRanks) -> str:
    metrics = metrics_from_ranks(thing, KS)
    rows = []
    for way in DIRECTIONS:
        found = [points(metrics[f"{way}_recall@{k}"]) for k in KS]
        rank, asked = number(metrics[f"{way}_median_rank"]), f"{metrics[f'{way}_queries']:,.0f}"
        rows.append([way.label, *found, rank, asked])
    return _page(_table(["recall, %", *(f"R@{k}" for k in KS), "median rank", "queries"], rows))


@card.register
def _compared(thing: ComparedRetrieval) -> str:
    rows = []
    for way in DIRECTIONS:
        for k in KS:
            key = f"{way}_recall@{k}"
            row = [f"{way.label}, R@{k}", points(thing.metrics[key])]
            if thing.differences:
                row.append(_difference(thing.differences[key]))
            rows.append(row)
    head = ["recall, %", "", "against the first row, 95 %"][: len(rows[0])]
    return _page(f"<p><b>{escape(thing.name)}</b></p>{_table(head, rows)}")


@card.register
def _comparison(thing: Comparison) -> str:
    keys = {way.label: f"{way}_recall@1" for way in DIRECTIONS}
    rows = [
        [
            row.name,
            *(
                f"{points(row.metrics[key])} {_difference(row.differences[key]) if row.differences else ''}"
                for key in keys.values()
            ),
        ]
        for row in thing
    ]
    words = "R@1 in %, and the difference to the first row with its 95 % interval."
    return _page(f"<p>{words}</p>{_table(['', *keys], rows)}")


@card.register
def _gap(thing: GapParts) -> str:
    whole = thing.frechet_squared
    parts = {
        "means": thing.centroid,
        "spread": thing.trace,
        "shape": thing.covariance,
        "directions": thing.rotation,
    }
    rows = [[name, number(part, 3), percent(part / whole) if whole else "–"] for name, part in parts.items()]
    words = f"The squared distance of images and texts is {number(whole, 3)}, the relative gap {thing.relative:.2f}."
    return _page(f"<p>{words}</p>{_table(['they differ in', '', 'share'], rows)}")


@card.register
def _parity(thing: Parity) -> str:
    return _page(f"<p>{escape(thing.sentence)}</p>")


@card.register
def _certificate(thing: Certificate) -> str:
    there = [(term, thing.bounds[term.key]) for term in BOUNDS if term.key in thing.bounds]
    rows = [
        [term.name, _quantity(bound.bound, term), _quantity(bound.measured, term)] for term, bound in there
    ]
    is_measured = any(bound.measured is not None for bound in thing.bounds.values())
    words = "Every bound holds." if thing.holds else "A measured value lies above its bound."
    words = words if is_measured else "Bounds alone: nothing was measured."
    return _page(f"<p>{words}</p>{_table(['', 'guaranteed', 'measured'], rows)}")


@card.register
def _set(thing: EmbeddingSet) -> str:
    facts = f"{thing.n_images:,} images, {thing.n_texts:,} texts, {thing.width} dimensions"
    lines = [f"<b>{escape(thing.name or 'Embedding set')}</b>: {facts}."]
    if thing.provenance.encoder:
        lines.append(f"<small>Encoder {escape(thing.provenance.encoder)}.</small>")
    lines += [f"<small>{escape(remark)}</small>" for remark in thing.remarks]
    first = [thing.captions[row] for row in range(min(_MOST_CAPTIONS, len(thing.captions)))]
    shown = [caption if len(caption) <= _LETTERS else f"{caption[:_LETTERS]}…" for caption in first]
    lines += [f"<small>“{escape(caption)}”</small>" for caption in shown]
    return _page("".join(f"<p>{line}</p>" for line in lines))


def _curve(
    values: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    colours: Sequence[str],
    alt: str,
    thresholds: tuple[float, float] = (math.nan, math.nan),
) -> str:
    """Return singular value over rank, a point a direction; of many, every so many and the first ones."""
    if not len(values):
        return ""
    low, high = max(float(values[-1]), float(values[0]) * 1e-4), float(values[0])
    figure = Figure(
        width=420,
        height=190,
        x=Scale(domain=(0.5, len(values) + 0.5), pixels=(52, 410)),
        y=Scale(domain=(low * 0.9, high * 1.15), pixels=(148, 24), kind="log"),
        alt=alt,
    )
    figure.axes("rank of the direction", "singular value")
    for value, band in zip(thresholds, ("strong", "noise"), strict=True):
        if low < value < high * 1.1:
            figure.across(value, band)
    step = math.ceil(len(values) / _MOST_POINTS)
    for place in sorted({*range(0, len(values), step), *range(min(len(values), 50))}):
        name = colours[int(labels[place])]
        tip = f"direction {place + 1}, {values[place]:.4g}"
        figure.point(place + 1, float(values[place]), name, tip, radius=2.2)
    return figure.svg()


def _difference(found: Interval) -> str:
    return f"{signed(100 * found.estimate)} [{signed(100 * found.low)}, {signed(100 * found.high)}]"


def _quantity(value: float | None, term: Term) -> str:
    if value is None:
        return "–"
    return f"{math.degrees(value):.1f}°" if term.format is Format.DEGREES else number(value, 4)


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for first, *cells in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


def _page(body: str) -> str:
    hues = "".join(f"--{name}:{hue};" for name, hue in (BAND | MODALITY).items())
    style = files("sde_core.report").joinpath("card.css").read_text("utf-8")
    return f'<div class="sde-card" style="{hues}"><style>{style}</style>{body}</div>'
