"""The table of guarantees: each in words, with measured value, bound and tightness for each modality."""

import math
from typing import TYPE_CHECKING

from sde_explorer.curriculum.words import GUARANTEES
from sde_explorer.ui.bands_table import dot
from sde_explorer.ui.figures import palette
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from sde_explorer.curriculum.numbers.certificate import CertificateReport

_STYLE = """<style>
.sde-certificate{width:100%;border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
.sde-certificate th,.sde-certificate td{padding:.42rem .3rem;text-align:right;vertical-align:top;
border-bottom:1px solid rgba(128,128,128,.28)}
.sde-certificate thead th{font-weight:600;vertical-align:bottom}
.sde-certificate thead th{white-space:nowrap}
.sde-certificate th:first-child{text-align:left;font-weight:400}
.sde-certificate td{white-space:nowrap}
.sde-certificate i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.45em}
.sde-certificate b{margin-right:.35em;opacity:.7}
</style>"""
_NUMBER = {
    "relative_change": "1",
    "singular_value_shift": "2",
    "row_turn_by_change": "3",
    "gradient_scale": "4",
}


def certificate_table(reports: "list[CertificateReport]") -> str:
    """Return measured value and bound of each guarantee and modality, as HTML of our own."""
    heads = "".join(
        head("measured", f"{dot(palette.MODALITY[r.modality])}{r.modality}") + head("bound") for r in reports
    )
    rows = "".join(_row(reports, i) for i in range(len(reports[0].lines)))
    return (
        f'{_STYLE}<table class="sde-certificate"><thead><tr>{head("guarantee")}{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _row(reports: "list[CertificateReport]", i: int) -> str:
    name = reports[0].lines[i].name
    number = _NUMBER.get(name, "5" if name == "step_change" else "")
    cells = "".join(
        f"<td>{shown(name, r.lines[i].measured)}</td><td>{shown(name, r.lines[i].bound)}</td>"
        for r in reports
    )
    return f'<tr><th scope="row"><b>{number}</b>{GUARANTEES[name]}</th>{cells}</tr>'


def shown(name: str, value: float) -> str:
    """Return a value of a bound as people read it: angles in degrees, changes in percent, the gradient as factor.

    >>> shown("row_turn_by_change", 0.5236), shown("gradient_scale", 1.5)
    ('30.0°', '× 1.500')
    """
    if name.startswith("row_turn"):
        return f"{math.degrees(value):.1f}°"
    if name == "gradient_scale":
        return f"× {value:.3f}"
    return f"{100 * value:.1f}\u00a0%"
