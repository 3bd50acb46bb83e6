"""A row of checkpoints in a report: its numbers, drawings and table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sde_core.files.text_file import finite
from sde_core.glossary.formats import number, percent, points
from sde_core.report.svg import Figure, Scale
from sde_core.report.tables import Cell, Table
from sde_core.training.series import CheckpointSeries, SeriesPoint
from sde_core.vocabulary import BANDS, MODALITIES

Content = Mapping[str, Any]

_MOST_SPECTRA = 8  # lines of one drawing; of more every k-th, the first and the last among them
_MOST_EVENTS = 40
_RECALLS = {"image": "image_retrieval_recall@1", "text": "text_retrieval_recall@1"}


def series_facts(series: CheckpointSeries) -> dict[str, Any]:
    """Return what a report says of a row of checkpoints, as plain values."""
    content: dict[str, Any] = finite(
        {
            "name": series.folder.name,
            "n_pairs": series.looks[0].n_rows,
            "modalities": [m.value for m in MODALITIES],
            "points": [_facts(point) for point in series.points],
            "events": [str(event) for event in series.events()[:_MOST_EVENTS]],
        }
    )
    return content


def _facts(point: SeriesPoint) -> dict[str, Any]:
    look = point.look
    return {
        "step": point.step,
        "recall": dict(point.recall),
        "cka": dict(point.cka),
        "turned": {m.value: point.turned(m.value) for m in MODALITIES},
        "in_first_bands": {name: dict(shares) for name, shares in point.in_first_bands.items()},
        "gap": look.gap,
        "effective_rank": {
            m.value: math.nan if (side := look.side(m)) is None else side.effective_rank for m in MODALITIES
        },
        "singular_values": {
            m.value: [] if (side := look.side(m)) is None else side.values.tolist() for m in MODALITIES
        },
    }


def line(facts: Content) -> str:
    """Return what the row is, in one sentence."""
    first, last = (facts["points"][place]["step"] for place in (0, -1))
    return (
        f"{facts['name']}: {len(facts['points'])} checkpoints from {first:,} to {last:,}, each at the same "
        f"{facts['n_pairs']:,} pairs and measured against the first."
    )


def spectra_figure(modality: str, facts: Content) -> str:
    """Return the singular values of the checkpoints over their rank, later ones darker."""
    shown = [p for p in _spread(facts["points"]) if p["singular_values"][modality]]
    every = [v for p in shown for v in p["singular_values"][modality] if v > 0]
    if not every:
        return ""
    low = max(min(every), max(every) * 1e-4)
    longest = max(len(p["singular_values"][modality]) for p in shown)
    figure = _figure(
        (0.5, longest + 0.5),
        (low * 0.9, max(every) * 1.15),
        f"Singular values of the {modality} vectors at {len(shown)} checkpoints.",
        kind="log",
    )
    figure.axes("rank of the direction", "singular value")
    for place, point in enumerate(shown):
        values = [v for v in point["singular_values"][modality] if v >= low]
        figure.parts.append(f'<g opacity="{0.25 + 0.75 * (place + 1) / len(shown):.2f}">')
        figure.line([i + 1 for i in range(len(values))], values, modality)
        figure.parts.append("</g>")
    return figure.svg()


def recall_figure(facts: Content) -> str:
    """Return R@1 both ways over the steps."""
    lines = {m: [(p["step"], p["recall"][_RECALLS[m]]) for p in facts["points"]] for m in _RECALLS}
    return _over_steps(lines, "R@1", "R@1 of texts that look for images, and of images that look for texts.")


def cka_figure(facts: Content) -> str:
    """Return linear CKA with the first checkpoint over the steps."""
    lines = {m: [(p["step"], p["cka"][m]) for p in facts["points"]] for m in facts["modalities"]}
    return _over_steps(lines, "linear CKA", "Linear CKA of each checkpoint with the first one.")


def bands_figure(modality: str, facts: Content) -> str:
    """Return the share of the energy inside each band of the first checkpoint, over the steps."""
    lines = {
        str(band): [(p["step"], p["in_first_bands"][modality].get(band)) for p in facts["points"]]
        for band in BANDS
    }
    return _over_steps(lines, "share of the energy", f"{modality} energy in the bands of the first one.")


def table(facts: Content) -> Table:
    """Return a row for each checkpoint."""
    header = ["checkpoint", "R@1 image", "R@1 text"]
    for name in ("effective rank", "CKA", "turned"):
        header += [f"{name}, {m}" for m in facts["modalities"]]
    rows = []
    for point in facts["points"]:
        cells: list[Cell] = [(f"{point['step']:,}", "")]
        cells += [(points(point["recall"][key]), "") for key in _RECALLS.values()]
        cells += [(number(point["effective_rank"][m]), "") for m in facts["modalities"]]
        cells += [(number(point["cka"][m]), "") for m in facts["modalities"]]
        cells += [(_degrees(point["turned"][m]), "") for m in facts["modalities"]]
        rows.append(("", cells))
    return Table([*header], rows)


def _degrees(value: float | None) -> str:
    return number(value) if value is None else f"{value:.0f}°"


def _spread(of: Sequence[Content]) -> list[Content]:
    n = min(len(of), _MOST_SPECTRA)
    return [of[round(i * (len(of) - 1) / max(1, n - 1))] for i in range(n)]


def _over_steps(lines: Mapping[str, Sequence[tuple[int, float | None]]], y_title: str, alt: str) -> str:
    """Return lines over the steps, each with its points; nothing where no line has any."""
    there = {name: [(x, y) for x, y in line if y is not None] for name, line in lines.items()}
    steps = [x for line in there.values() for x, _ in line]
    if not steps:
        return ""
    most = max(y for line in there.values() for _, y in line)
    figure = _figure((min(steps), max(steps)), (0, max(most * 1.08, 1e-3)), alt)
    figure.axes("checkpoint", y_title, y_format=".3g" if most > 1 else ".0%")
    for place, (name, line) in enumerate(there.items()):
        figure.line([x for x, _ in line], [y for _, y in line], name)
        for x, y in line:
            figure.point(x, y, name, f"{name}\ncheckpoint {x:,}\n{y_title} {percent(y)}", radius=4)
        right = 546 - 76 * (len(there) - 1 - place)
        figure.text(right, 22, f"● {name}", anchor="end", kind=f"key {name}")
    return figure.svg()


def _figure(x: tuple[float, float], y: tuple[float, float], alt: str, *, kind: str = "linear") -> Figure:
    return Figure(
        width=560.0,
        height=300.0,
        x=Scale(domain=x, pixels=(56.0, 546.0)),
        y=Scale(domain=y, pixels=(250.0, 34.0), kind="log" if kind == "log" else "linear"),
        alt=alt,
    )
