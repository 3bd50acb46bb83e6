"""The tables of a report."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sde_core.glossary import BOUNDS, SPECTRUM, TERMS, Format
from sde_core.glossary.formats import number, points, signed
from sde_core.vocabulary import BANDS, DIRECTIONS, KS

Content = Mapping[str, Any]
Cell = tuple[str, str]
"""Text and class of a cell."""

_WAYS = tuple((way, way.label) for way in reversed(DIRECTIONS))


class Table(NamedTuple):
    """A table of the report.

    Attributes:
        header: names of the columns.
        rows: class of the row, and its cells; the first one is the row's name.
        words_last: whether the last column is a sentence.
        groups: names over several columns each, in a row above.
    """

    header: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    words_last: bool = False
    groups: Sequence[tuple[str, int]] = ()


def overview(sets: Sequence[Content]) -> Table:
    """Return one row a set: size, bands, gap, retrieval raw and enhanced."""
    header = ["set", "encoder", "pictures", "captions", "width", "image", "text", "gap"]
    header += [way for _, way in _WAYS] * 2
    groups = [("", 5), ("effective rank", 2), ("", 1), ("R@10", 2), ("ΔR@10, sde-enhanced", 2)]
    rows = []
    for each in sets:
        ranks = [number(each["modalities"][m]["metrics"]["effective_rank"]) for m in ("image", "text")]
        found = each["retrieval"]["rows"]
        enhanced = next((r for r in found if r["treatment"] == "sde-enhanced"), None)
        cells: list[Cell] = [(each["name"], ""), (each["provenance"].get("encoder") or "–", "")]
        cells += [(f"{each[key]:,}", "") for key in ("n_images", "n_texts", "width")]
        cells += [(r, "") for r in ranks] + [(number(each["pairs"].get("modality_gap")), "")]
        cells += [(points(found[0]["metrics"][f"{prefix}_recall@10"]), "") for prefix, _ in _WAYS]
        cells += [_difference(enhanced, f"{prefix}_recall@10") for prefix, _ in _WAYS]
        rows.append(("", cells))
    return Table(header, rows, groups=groups)


def metrics(modalities: Mapping[str, Content]) -> Table:
    """Return the metrics of both spectra beside those of shuffled columns."""
    rows = []
    for term in SPECTRUM:
        cells: list[Cell] = [(term.name, "")]
        for facts in modalities.values():
            cells += [
                (number(facts["metrics"].get(term.key)), ""),
                (number(facts["controls"].get(term.key)), "tick"),
            ]
        rows.append(("", [*cells, (term.meaning, "words")]))
    header = ["spectrum", *(h for m in modalities for h in (m, f"{m}, control")), "what it says"]
    return Table(header, rows, words_last=True)


_PAIRED = (
    ("modality_gap", "", ""),
    ("cone_image", "image", ""),
    ("cone_text", "text", ""),
    ("paired_cosine", "", "random_pair_cosine"),
    ("linear_cka", "", "linear_cka_shuffled"),
    ("alignment", "", ""),
    ("uniformity_image", "image", ""),
    ("uniformity_text", "text", ""),
    ("hubness_text_retrieval", "text_retrieval", ""),
    ("hubness_image_retrieval", "image_retrieval", ""),
)
"""Key in the content, what of it follows the term's own key, key of its control."""


def pairs(facts: Content) -> Table | None:
    """Return how the modalities sit beside each other."""
    rows = []
    for key, of, control in _PAIRED:
        if key in facts:
            term = TERMS[key.removesuffix(f"_{of}")]
            name = f"{term.name}, {of.removesuffix('_retrieval')}" if of else term.name
            cells: list[Cell] = [(name, ""), (number(facts[key]), "")]
            cells += [(number(facts.get(control)) if control else "", "tick"), (term.meaning, "words")]
            rows.append(("", cells))
    header = ["pairs", "value", "control", "what it says"]
    return Table(header, rows, words_last=True) if rows else None


def retrieval(found: Content) -> list[Table]:
    """Return every treatment, one table for each direction; a bold difference has an interval without 0."""
    return [_one_way(found, prefix, way) for prefix, way in _WAYS]


def _one_way(found: Content, prefix: str, way: str) -> Table:
    rows = []
    for row in found["rows"]:
        value = row["metrics"]
        cells: list[Cell] = [(row["treatment"], "")]
        cells += [(points(value[f"{prefix}_recall@{k}"]), "") for k in KS]
        cells += [(f"{value[f'{prefix}_mrr']:.3f}", ""), (f"{value[f'{prefix}_median_rank']:g}", "")]
        cells.append(_difference(row, f"{prefix}_recall@1"))
        rows.append(("ours" if row["treatment"].startswith("sde-") else "", cells))
    chance: list[Cell] = [("chance", "")]
    chance += [(points(found["chance"][f"{prefix}_recall@{k}"]), "tick") for k in KS]
    chance += [("", "")] * 3
    return Table([way, "R@1", "R@5", "R@10", "MRR", "median rank", "ΔR@1, 95 %"], [*rows, ("quiet", chance)])


def queries(title: str, found: Sequence[Content]) -> Table | None:
    """Return captions with their ranks before and after."""
    rows = [
        (
            "",
            [
                (str(i + 1), ""),
                (q["caption"] or f"caption {q['row'] + 1}", "caption"),
                (f"{q['before']:g}", ""),
                (f"{q['after']:g}", ""),
            ],
        )
        for i, q in enumerate(found)
    ]
    return Table([title, "caption", "rank, raw", "rank after"], rows) if rows else None


def certificate(modalities: Mapping[str, Content]) -> Table:
    """Return each bound beside what was measured."""
    rows = []
    for term in BOUNDS:
        cells: list[Cell] = [(term.name, "")]
        for facts in modalities.values():
            bound = facts["certificate"]["bounds"].get(term.key)
            is_angle = term.format is Format.DEGREES
            cells += [
                (_quantity(bound and bound["measured"], is_angle), ""),
                (_quantity(bound and bound["bound"], is_angle), "tick"),
            ]
        if any(text != "–" for text, _ in cells[1:]):
            rows.append(("", [*cells, (term.written, "words")]))
    header = ["certificate", *(h for m in modalities for h in (f"{m}, measured", "guaranteed")), "bound"]
    return Table(header, rows, words_last=True)


def _quantity(value: float | None, is_angle: bool) -> str:
    if value is None:
        return "–"
    return f"{math.degrees(value):.1f}°" if is_angle else f"{value:.4f}"


def _difference(row: Content | None, key: str) -> Cell:
    change = row["differences"].get(key) if row else None
    if change is None:
        return "", ""
    estimate, low, high = (100 * v for v in change)
    return f"{signed(estimate)} [{signed(low)}, {signed(high)}]", "sure" if low > 0 or high < 0 else ""


def known_columns(facts: Content) -> Table:
    """Return one row a column: which part of what is known of it lies in each band."""
    rows: list[tuple[str, Sequence[Cell]]] = []
    for column in facts["columns"]:
        cells = [_share(column["shares"][band], column["intervals"].get(band)) for band in BANDS]
        cells += [(f"{points(column['share_of_variance'])} %", ""), (str(column["directions"]), "")]
        rows.append(("", ((column["name"], ""), *cells)))
    rows += [
        ("", ((c["name"], ""), *(("–", "quiet") for _ in BANDS), ("–", "quiet"), (c["reason"], "words")))
        for c in facts["silent"]
    ]
    return Table(("column", *BANDS, "of variance", "directions"), rows)


def direction_names(facts: Content) -> Table:
    """Return one row a direction that is named."""
    rows = [("", ((str(n["direction"]), ""), (n["band"], ""), (n["name"], "words"))) for n in facts["names"]]
    return Table(("direction", "band", "named"), rows, words_last=True)


def _share(share: float | None, interval: Sequence[float] | None) -> Cell:
    if share is None:
        return ("–", "quiet")
    beside = f" [{points(interval[0])}, {points(interval[1])}]" if interval else ""
    return (f"{points(share)}{beside}", "")
