"""The page of an atlas: sentences, tables and drawings that put encoders beside each other."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sde_core.glossary.formats import number, percent, points, signed, with_minus
from sde_core.report.page import rendered
from sde_core.report.svg import Figure, Scale
from sde_core.report.tables import Cell, Table
from sde_core.vocabulary import BANDS, DIRECTIONS, KS, MODALITIES

Content = Mapping[str, Any]
_WAYS = tuple((way, way.label) for way in reversed(DIRECTIONS))


def as_atlas_page(content: Content) -> str:
    """Return the page of `Atlas.as_dict`; the same text for the same content."""
    readings = content["readings"]
    return rendered(
        "atlas.html",
        atlas=content,
        sentences=_sentences(readings),
        spectra=_spectra(readings),
        drawings=_drawings(readings),
        retrieval=_retrieval(readings),
        gap=_gap(readings),
        kept=_kept(readings),
        details=[(one, _kept_rows(one)) for one in readings],
        data={"sde-atlas": content},
    )


def _sentences(readings: Sequence[Content]) -> list[str]:
    """Return what the page says first: who finds most, who uses most directions, what may be left away."""
    found = [r for r in readings if r["metrics"]]
    sentences = []
    if len(found) > 1:
        for way, label in _WAYS:
            best = max(found, key=lambda r: r["metrics"][f"{way}_recall@10"])
            sentences.append(
                f"{label}: {best['name']} finds most, R@10 {points(best['metrics'][f'{way}_recall@10'])} % "
                f"(chance {points(best['chance'][f'{way}_recall@10'])} %)."
            )
    for modality in MODALITIES:
        there = [r for r in readings if modality in r["modalities"]]
        if len(there) > 1:
            most, least = (pick(there, key=lambda r: _used(r, modality)) for pick in (max, min))
            if _used(most, modality) == _used(least, modality):
                sentences.append(
                    f"Of their width, all use {percent(_used(most, modality))} for the {modality} vectors."
                )
                continue
            sentences.append(
                f"Of its width, {most['name']} uses most for the {modality} vectors, "
                f"{percent(_used(most, modality))}; {least['name']} least, {percent(_used(least, modality))}."
            )
    return sentences


def _used(reading: Content, modality: str) -> float:
    """Return the effective rank over the width."""
    return float(reading["modalities"][modality]["metrics"]["effective_rank"]) / float(reading["width"])


def _spectra(readings: Sequence[Content]) -> list[Table]:
    """Return a table for each modality: rank, bands, energy."""
    found = []
    for modality in MODALITIES:
        rows: list[tuple[str, Sequence[Cell]]] = []
        for one in readings:
            facts = one["modalities"].get(modality)
            if facts is None:
                continue
            numbers = facts["metrics"]
            cells: list[Cell] = [(one["name"], ""), (f"{one['width']:,}", "")]
            cells += [
                (number(numbers["effective_rank"]), ""),
                (percent(_used(one, modality)), ""),
                (number(numbers["stable_rank"]), ""),
                (number(numbers["participation_ratio"]), ""),
            ]
            cells += [(f"{facts['bands'][band]['directions']:,}", "") for band in BANDS]
            cells += [(percent(facts["bands"][band]["energy_share"]), "") for band in BANDS]
            rows.append(("", cells))
        header = [str(modality), "width", "effective rank", "of width", "stable rank", "participation"]
        groups = [("", 6), ("directions", 3), ("energy", 3)]
        if rows:
            found.append(Table([*header, *BANDS, *BANDS], rows, groups=groups))
    return found


def _retrieval(readings: Sequence[Content]) -> Table | None:
    rows: list[tuple[str, Sequence[Cell]]] = []
    for one in (r for r in readings if r["metrics"]):
        cells: list[Cell] = [(one["name"], "")]
        for way, _ in _WAYS:
            cells += [(points(one["metrics"][f"{way}_recall@{k}"]), "") for k in KS]
            cells.append((points(one["chance"][f"{way}_recall@10"]), "tick"))
        rows.append(("", cells))
    header = ["retrieval, %", *(["R@1", "R@5", "R@10", "chance R@10"] * 2)]
    return Table(header, rows, groups=[("", 1), *((label, 4) for _, label in _WAYS)]) if rows else None


def _gap(readings: Sequence[Content]) -> Table | None:
    names = ("relative", "frechet_squared", "centroid", "trace", "covariance", "rotation")
    rows: list[tuple[str, Sequence[Cell]]] = [
        ("", [(one["name"], ""), *((number(one["gap"][name]), "") for name in names)])
        for one in readings
        if one["gap"]
    ]
    header = ["gap", "RMG", "Fréchet²", "centroid", "trace", "covariance", "rotation"]
    return Table(header, rows, groups=[("", 3), ("parts of Fréchet², which add up", 4)]) if rows else None


def _kept(readings: Sequence[Content]) -> Table | None:
    """Return what each loses at half and a quarter of its width and at 1 and 8 bits."""
    rows: list[tuple[str, Sequence[Cell]]] = []
    for one in (r for r in readings if r["kept"]):
        d, by_name = one["width"], {row["name"]: row for row in one["kept"]}
        wanted = (
            f"pca {d // 2} float32, float query",
            f"pca {d // 4} float32, float query",
            f"own {d} int8, float query",
            f"own {d} 1bit, float query",
        )
        cells: list[Cell] = [(one["name"], ""), (points(one["kept"][0]["recall"]), "")]
        cells += [_change(by_name.get(name)) for name in wanted]
        rows.append(("", [*cells, (with_minus(one["advice"]), "words")]))
    header = ["kept", "all of it, %", "half", "a quarter", "int8", "1 bit", "what loses nothing"]
    groups = [("", 2), ("change of mean recall, points, 95 %", 4), ("", 1)]
    return Table(header, rows, words_last=True, groups=groups) if rows else None


def _kept_rows(reading: Content) -> Table | None:
    rows: list[tuple[str, Sequence[Cell]]] = [
        (
            "",
            [
                (row["name"], ""),
                (points(row["recall"]), ""),
                _change(row),
                (f"{row['bytes_per_million'] / 1e6:,.0f}", ""),
            ],
        )
        for row in reading["kept"]
    ]
    header = ["kept", "mean recall, %", "change, points, 95 %", "MB per million"]
    return Table(header, rows) if rows else None


def _change(row: Content | None) -> Cell:
    if row is None:
        return ("–", "quiet")
    change, low, high = (100 * row[key] for key in ("change", "change_low", "change_high"))
    return f"{signed(change)} [{signed(low)}, {signed(high)}]", "sure" if low > 0 or high < 0 else ""


def _drawings(readings: Sequence[Content]) -> list[tuple[str, str, str]]:
    """Return title, remark and drawing of what is compared at a glance."""
    used = [
        _Points(m, m, {r["name"]: _used(r, m) for r in readings if m in r["modalities"]})
        for m in map(str, MODALITIES)
    ]
    drawn = [
        ("Directions used", "effective rank over width", _dots(readings, used, "effective rank / width"))
    ]
    recall = [
        _Points(
            str(way.gallery),
            f"{way.gallery}s found",
            {r["name"]: r["metrics"][f"{way}_recall@10"] for r in readings if r["metrics"]},
        )
        for way in DIRECTIONS
    ]
    if recall[0].values:
        drawn.append(("Retrieval", "R@10 both ways", _dots(readings, recall, "R@10")))
    return drawn


class _Points(NamedTuple):
    """The points of one colour: colour, what they are called, encoder -> share."""

    colour: str
    label: str
    values: Mapping[str, float]


def _dots(readings: Sequence[Content], of: Sequence[_Points], what: str) -> str:
    """Return a row an encoder that has a point, with one of each colour."""
    readings = [r for r in readings if any(r["name"] in points_.values for points_ in of)]
    height, left, right = 34.0 + 30.0 * len(readings) + 50.0, 200.0, 546.0
    most = max((value for points_ in of for value in points_.values.values()), default=0.0)
    figure = Figure(
        width=560.0,
        height=height,
        x=Scale(domain=(0.0, max(1e-3, most) * 1.08), pixels=(left, right)),
        y=Scale(domain=(0.0, float(len(readings))), pixels=(height - 50.0, 34.0)),
        alt=f"{what} of {len(readings)} encoders.",
    )
    figure.axes(what, "", x_format=".0%", y_grid=False)
    figure.parts = [part for part in figure.parts if 'text-anchor="end"' not in part]  # rows have names
    for place, (colour, label, _) in enumerate(of):
        figure.text(left + 140 * place, 20, f"● {label}", kind=f"key {colour}")
    for place, name in enumerate(one["name"] for one in readings):
        y = len(readings) - place - 0.5
        figure.across(y, "border")
        shown = name if len(name) <= 28 else f"…{name[-27:]}"
        figure.text(left - 8, figure.y(y) + 4, shown, anchor="end")
        for colour, label, values in of:
            if name in values:
                tip = f"{name}\n{label}: {what} {percent(values[name])}"
                figure.point(values[name], y, colour, tip, radius=5.0)
    return figure.svg()
