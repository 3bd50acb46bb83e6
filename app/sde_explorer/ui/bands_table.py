"""The table of bands: compact, so that it stays whole where the page is narrow."""

from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.ui.figures import palette
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from sde_core.partition import Bands

STYLE = """<style>
.sde-bands{width:100%;border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
.sde-bands th,.sde-bands td{padding:.42rem .3rem;text-align:right;border-bottom:1px solid rgba(128,128,128,.28)}
.sde-bands thead th{font-weight:600;vertical-align:bottom}
.sde-bands th:first-child{text-align:left;font-weight:600;white-space:nowrap}
.sde-bands small{opacity:.72;margin-left:.35rem;white-space:nowrap}
.sde-bands i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em}
</style>"""


def bands_table(reports: "list[Bands]") -> str:
    """Return directions, their share, and the share of energy of each band and modality, as HTML of our own."""
    heads = "".join(
        head("directions", f"{dot(palette.KIND[r.modality])}{r.modality} directions") + head("energy")
        for r in reports
    )
    rows = "".join(_row(reports, band) for band in BANDS)
    return (
        f'{STYLE}<table class="sde-bands"><thead><tr>{head("band")}{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(reports: "list[Bands]", band: str) -> str:
    cells = "".join(
        f"<td>{r.count(band):,}<small>{percent(r.count(band) / max(len(r.values), 1))}</small></td>"
        f"<td>{100 * r.energy_share(band):.1f}\u00a0%</td>"
        for r in reports
    )
    return f'<tr><th scope="row">{dot(palette.BAND[band])}{band}</th>{cells}</tr>'


def dot(colour: str) -> str:
    """Return a dot of a colour, as HTML."""
    return f'<i style="background:{colour}"></i>'
