"""Cards of results for notebooks: the small figure and the sentence of the dashboard, light and dark, nothing fetched.

Every word that a user brought is escaped; ink is that of the notebook's own theme.
"""

import math
from collections.abc import Sequence
from functools import singledispatch
from html import escape
from importlib.resources import files

import numpy as np

from sde_core.geometry.gap import GapParts
from sde_core.geometry.parity.verdict import Parity
from sde_core.glossary import BOUNDS, Format, Term
from sde_core.glossary.formats import number, percent, points, signed
from sde_core.glossary.palette import BAND, MODALITY
from sde_core.knowledge.result import BandKnowledge
from sde_core.partition import Bands, Partition, partition_spectrum
from sde_core.report.small import curves, differences, reached, recall_curves, strip
from sde_core.report.words import bands_finding
from sde_core.retrieval.bootstrap import Interval
from sde_core.retrieval.ranking import RetrievalRanks, metrics_from_ranks
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.shaping.certificate import Certificate
from sde_core.spectra.metrics import spectrum_metrics
from sde_core.spectra.result import Spectrum
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.treatments.comparison import ComparedRetrieval, Comparison
from sde_core.vocabulary import BANDS, DIRECTIONS, KS, Modality

_MOST_CAPTIONS, _LETTERS, _MOST_SILENT, _SAMPLE = 3, 80, 5, 5_000


@singledispatch
def card(thing: object) -> str:
    """Return a result as a piece of HTML.

    Args:
        thing: a spectrum, bands and what they know, a partition, ranks, a compared row, a certificate or a set; of
            anything else its line.
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
    return _page(f"<p>{words}</p>{curves([(values, ['image'] * len(values))], words)}")


@card.register
def _bands(thing: Bands) -> str:
    words = f"{bands_finding(thing)}."
    labels = [int(label) for label in thing.labels]
    edges = (thing.tau_strong, thing.tau_noise)
    figure = curves([(thing.values, [BANDS[label] for label in labels])], words, edges) if labels else ""
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
    head, *rest = (f"<p>{line}</p>" for line in lines)
    return _page(f"{head}{strip(thing, counts) if len(thing.labels) else ''}{''.join(rest)}")


@card.register
def _ranks(thing: RetrievalRanks) -> str:
    metrics = metrics_from_ranks(thing, KS)
    told = "; ".join(
        f"{way.label}: {100 * metrics[f'{way}_recall@10']:.0f} of 100 searches find a right one in the first 10"
        for way in DIRECTIONS
    )
    words = f"{told[0].upper()}{told[1:]}."
    rows = []
    for way in DIRECTIONS:
        found = [points(metrics[f"{way}_recall@{k}"]) for k in KS]
        rank, asked = number(metrics[f"{way}_median_rank"]), f"{metrics[f'{way}_queries']:,.0f}"
        rows.append([way.label, *found, rank, asked])
    table = _table(["recall, %", *(f"R@{k}" for k in KS), "median rank", "queries"], rows)
    return _page(f"<p>{words}</p>{recall_curves(thing, words)}{table}")


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
    if not thing:
        return _page("<p>No row.</p>")
    base, *others = thing
    verdicts = "; ".join(f"{way} {_verdict(others, key)}" for way, key in keys.items())
    words = f"R@1 beside {base.name}, beyond chance: {verdicts}." if others else f"Only {base.name}."
    figure = differences(thing, "recall@1", words) if others else ""
    told = "R@1 in %, and the difference to the first row with its 95 % interval."
    return _page(f"<p>{escape(words)}</p>{figure}<p><small>{told}</small></p>{_table(['', *keys], rows)}")


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
    shares = [
        (term.name, bound.measured / bound.bound)
        for term, bound in there
        if bound.measured is not None and 0 < bound.bound < math.inf
    ]
    figure = reached(shares, words) if shares else ""
    return _page(f"<p>{words}</p>{figure}{_table(['', 'guaranteed', 'measured'], rows)}")


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
    found = {side: bands for side in thing.modalities if len((bands := _side(thing, side)).values)}
    words = [f"{bands_finding(bands)}." for bands in found.values()]
    spectra = [(bands.values, [side.value] * len(bands.values)) for side, bands in found.items()]
    if any(len(thing.vectors(side)) > _SAMPLE for side in found):
        words.append(f"Of a seeded sample of {_SAMPLE:,} rows.")
    legend = {side.value: side.value for side in found}
    figure = curves(spectra, " ".join(words), legend=legend) if spectra else ""
    head, *rest = (f"<p>{line}</p>" for line in lines)
    return _page(f"{head}<p>{' '.join(words)}</p>{figure}{''.join(rest)}")


def _side(thing: EmbeddingSet, side: Modality) -> Bands:
    """Return the bands of a modality; of many rows those of a seeded sample, so that a cell answers at once."""
    rows = thing.vectors(side)
    if len(rows) > _SAMPLE:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), _SAMPLE, replace=False))]
    spectrum = compute_spectrum(rows)
    return Bands.of(spectrum, partition_spectrum(spectrum), modality=side)


@card.register
def _knowledge(thing: BandKnowledge) -> str:
    counts = ", ".join(f"{int((thing.labels == place).sum()):,} {band}" for place, band in enumerate(BANDS))
    beyond = f" beyond {escape(thing.given)}" if thing.given else ""
    words = (
        f"Where what {thing.side} directions know{beyond} lies, in %; rule {escape(thing.rule)}: {counts}."
    )
    rows = [[name, *(points(shares[band]) for band in BANDS)] for name, shares in thing.shares().items()]
    table = _table(["column", *BANDS], rows) if rows else ""
    silent = [
        f"<small>{escape(column.name)}: {escape(column.reason or 'no direction knows it')}.</small>"
        for column in thing.columns
        if column.says_nothing
    ]
    more = [f"<small>And {len(silent) - _MOST_SILENT:,} more.</small>"] if len(silent) > _MOST_SILENT else []
    return _page(f"<p>{words}</p>{table}{''.join(f'<p>{line}</p>' for line in silent[:_MOST_SILENT] + more)}")


def _verdict(rows: Sequence[ComparedRetrieval], key: str) -> str:
    """Return which rows an interval puts above the first one, and which below."""
    better = [row.name for row in rows if row.differences[key].low > 0]
    worse = [row.name for row in rows if row.differences[key].high < 0]
    return f"better {', '.join(better) or 'none'}, worse {', '.join(worse) or 'none'}"


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
