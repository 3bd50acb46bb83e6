"""Every width, kind of axes and code in numbers."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import points, signed
from sde_explorer.retrieval.compress.numbers import AXES, PANELS
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    import sde_core as sde
    from sde_core.treatments.compression.axes import Axes
    from sde_explorer.retrieval.compress.numbers import Compressed

_STYLE = """<style>
.sde-kept{overflow-x:auto}
.sde-kept table{width:100%;border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
.sde-kept th,.sde-kept td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid rgba(128,128,128,.28)}
.sde-kept th{font-weight:600}.sde-kept th.name{text-align:left}.sde-kept small{display:block;opacity:.85}
</style>"""


def compress_table(found: "Compressed") -> str:
    """Return the table as HTML of our own: a row an axis and width, a column a code, as the figure has them.

    Args:
        found: what is measured.
    """
    heads = head("axes", look="name") + head("numbers kept") + "".join(head(panel.name) for panel in PANELS)
    body = "".join(_rows(found, axes) for axes in AXES)
    return (
        f'{_STYLE}<div class="sde-kept" tabindex="0" role="region" aria-label="What is kept, in numbers">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _rows(found: "Compressed", axes: "Axes") -> str:
    by = {(row.width, place): row for place, panel in enumerate(PANELS) for row in found.of(panel, axes)}
    widths = [width for width in reversed(found.widths) if any(key[0] == width for key in by)]
    first = f'<th scope="rowgroup" class="name" rowspan="{len(widths)}">{AXES[axes]}</th>'
    return "".join(
        f'<tr>{"" if i else first}<th scope="row">{width:,}</th>'
        + "".join(_cell(by.get((width, place))) for place in range(len(PANELS)))
        + "</tr>"
        for i, width in enumerate(widths)
    )


def _cell(row: "sde.CompressedRetrieval | None") -> str:
    if row is None:
        return "<td></td>"
    change = row.change
    span = f"{signed(100 * change.estimate)} [{signed(100 * change.low)}, {signed(100 * change.high)}]"
    return (
        f"<td>{points(row.recall.estimate)}<small>{span}</small><small>≈ {points(row.predicted)}</small></td>"
    )
