"""What every rule says of the spectra shown, side by side."""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS, Band
from sde_explorer.ui.figures import palette
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.spectrum.numbers.rules import RuleResult

_STYLE = """<style>
.sde-rules{width:100%;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
.sde-rules th,.sde-rules td{padding:.36rem .45rem;text-align:right;border-bottom:1px solid rgba(128,128,128,.28)}
.sde-rules thead th{font-weight:600;vertical-align:bottom}
.sde-rules th:first-child,.sde-rules td.why{text-align:left}
.sde-rules td.bar{min-width:90px;width:22%}
.sde-rules tr.now{background:rgba(128,128,128,.14)}
.sde-rules .bars{display:flex;height:.7rem;border-radius:3px;overflow:hidden}
.sde-rules .bars i{display:block;height:100%}
.sde-scroll{overflow-x:auto}
</style>"""
_HEADS = {
    "rule": "rule",
    "shares": "directions",
    "strong": "strong",
    "weak": "weak",
    "noise": "noise",
    "strong above": "strong above",
    "noise up to": "noise up to",
    "energy of signal": "energy of signal",
    "bulk": "bulk",
}


def rules_table(results: "tuple[RuleResult, ...]", *, chosen: str, by_hand: "Bands | None") -> str:
    """Return one row a rule, and one for thresholds moved by hand, as HTML of our own.

    Args:
        results: of the rules that answered.
        chosen: the rule of the page; its row stands out.
        by_hand: bands with the moved thresholds, if they were moved.
    """
    rows = [_row(r.rule, r.report, r.reason, now=r.rule == chosen and by_hand is None) for r in results]
    if by_hand is not None:
        rows.append(_row("moved by hand", by_hand, "", now=True))
    heads = "".join(head(term, shown) for term, shown in _HEADS.items())
    return (
        f'{_STYLE}<div class="sde-scroll"><table class="sde-rules"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(rule: str, report: "Bands | None", reason: str, *, now: bool) -> str:
    mark = ' class="now"' if now else ""
    name = f'<tr{mark}><th scope="row">{html.escape(rule)}</th>'
    if report is None:
        return f'{name}<td class="why" colspan="8">{html.escape(reason)}</td></tr>'
    counts = {band: report.count(band) for band in BANDS}
    signal = report.energy_share("strong") + report.energy_share("weak")
    cells = [
        f'<td class="bar">{_bars(counts)}</td>',
        *(f"<td>{counts[band]:,}</td>" for band in BANDS),
        *(
            f"<td>{value:.4g}</td>" if value == value else "<td>–</td>"
            for value in (report.tau_strong, report.tau_noise)
        ),
        f"<td>{percent(signal)}</td>",
        f"<td>{_fit(report)}</td>",
    ]
    return name + "".join(cells) + "</tr>"


def _bars(counts: Mapping[Band, int]) -> str:
    total = max(sum(counts.values()), 1)
    parts = "".join(
        f'<i style="width:{100 * count / total:.2f}%;background:{palette.BAND[band]}"></i>'
        for band, count in counts.items()
    )
    words = ", ".join(f"{count} {band}" for band, count in counts.items())
    return f'<span class="bars" role="img" aria-label="{words}">{parts}</span>'


def _fit(report: "Bands") -> str:
    if report.fit_distance is None or report.is_moved:  # the distance is that of the rule's own bulk
        return "–"
    from sde_core.partition import fit_limit

    fits = report.fit_distance <= fit_limit(report.count("noise"))
    return f"{'fits' if fits else 'no fit'}, KS {report.fit_distance:.2f}"
