"""The retrieval table: every row both ways, each number with its difference to raw and the interval of that."""

import html
from typing import TYPE_CHECKING

from sde_explorer.retrieval.figures.table import SAME, verdict
from sde_explorer.retrieval.numbers.table import METRICS, RAW, WAYS
from sde_explorer.retrieval.terms import ROWS, TRANSDUCTIVE
from sde_explorer.ui.figures import palette
from sde_explorer.ui.table_heads import head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core.retrieval.bootstrap import Interval
    from sde_explorer.retrieval.numbers.table import RecallRow

_STYLE = """<style>
.sde-recall{width:100%;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
.sde-recall th,.sde-recall td{padding:.3rem .4rem;text-align:right;border-bottom:1px solid rgba(128,128,128,.28);
white-space:nowrap;line-height:1.25}
.sde-recall thead th{font-weight:600;vertical-align:bottom}
.sde-recall thead tr:first-child th[colspan]{text-align:center;border-bottom:0}
.sde-recall th[scope=row],.sde-recall th.name{text-align:left;font-weight:600}
.sde-recall small{display:block;font-size:.74rem;opacity:.85}
.sde-recall tr.raw,.sde-recall tr.now{background:rgba(128,128,128,.12)}
.sde-recall .start{border-left:1px solid rgba(128,128,128,.28)}
.sde-scroll{overflow-x:auto}
@media(max-width:1600px){.sde-recall{font-size:.84rem}.sde-recall th,.sde-recall td{padding:.28rem .22rem}
.sde-recall small{font-size:.68rem}.sde-recall small span{display:block}.sde-recall th{white-space:normal}}
</style>"""
_MARK = {"better": "▲", "worse": "▼", SAME: ""}


def recall_table(rows: "Sequence[RecallRow]", names: "Sequence[str]", *, chosen: str) -> str:
    """Return the table as HTML of our own; rows that are not measured yet keep their place.

    Args:
        rows: measured ones, raw first.
        names: of all rows, top down.
        chosen: the row that is looked at query by query; it stands out.
    """
    there = {row.name: row for row in rows}
    groups = "".join(head(way, look="start", span=len(METRICS)) for way in WAYS)
    heads = "".join(head(name, look="" if i else "start") for _ in WAYS for i, name in enumerate(METRICS))
    body = "".join(
        _row(name, there.get(name), there.get(RAW), now=name == chosen and name != RAW) for name in names
    )
    return (
        f'{_STYLE}<div class="sde-scroll" tabindex="0" role="region" aria-label="Retrieval table">'
        f'<table class="sde-recall"><thead><tr><td></td>{groups}<td class="start"></td></tr>'
        f"<tr>{head('row', look='name')}{heads}{head('gap', look='start')}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(name: str, row: "RecallRow | None", raw: "RecallRow | None", *, now: bool) -> str:
    look = ' class="raw"' if name == RAW else ' class="now"' if now else ""
    mark = " †" if name in TRANSDUCTIVE else ""
    title = html.escape(ROWS.get(name, ""), quote=True)
    start = f'<tr{look}><th scope="row" title="{title}">{html.escape(name)}{mark}</th>'
    if row is None:
        empty = "".join(f"<td{_start(i)}>…</td>" for _ in WAYS for i in range(len(METRICS)))
        return f'{start}{empty}<td class="start">…</td></tr>'
    cells = "".join(
        f"<td{_start(i)}>{_cell(row, f'{prefix}_{key}', name)}</td>"
        for prefix in WAYS.values()
        for i, (name, key) in enumerate(METRICS.items())
    )
    return f'{start}{cells}<td class="start">{_gap(row, raw)}</td></tr>'


def _cell(row: "RecallRow", key: str, metric: str) -> str:
    change = row.compared.differences.get(key)
    own = row.compared.intervals.get(key)
    value = value_of(row.compared.metrics[key], metric)
    if change is None:
        return value + (f"<small>{span_of(own, metric)}</small>" if own else "")
    kind = verdict(change, metric)
    colour = "" if kind == SAME else f' style="color:{palette.CHANGE[kind]};opacity:1"'
    return (
        f"{value}<small{colour}><span>{_MARK[kind]}{signed(change.estimate, metric)}</span> "
        f"<span>[{signed(change.low, metric)}, {signed(change.high, metric)}]</span></small>"
    )


def _gap(row: "RecallRow", raw: "RecallRow | None") -> str:
    if row.name == RAW or raw is None:
        return f"{row.gap:.3f}"
    if not row.moves:
        return f'{row.gap:.3f}<small title="as raw">=</small>'
    return f"{row.gap:.3f}<small>{_minus(f'{row.gap - raw.gap:+.3f}')}</small>"


def value_of(value: float, metric: str) -> str:
    """Return a number of the table: recalls in percent, MRR with three digits, ranks as they are.

    >>> value_of(0.276, "R@1"), value_of(0.4567, "MRR"), value_of(3.0, "median rank")
    ('27.6', '0.457', '3')
    """
    if metric.startswith("R@"):
        return f"{100 * value:.1f}"
    return f"{value:.3f}" if metric == "MRR" else f"{value:,.4g}"


def signed(value: float, metric: str) -> str:
    """Return a difference in the unit of `value_of`, with its sign.

    >>> signed(-0.0123, "R@1"), signed(0.0, "median rank"), signed(0.001, "MRR")
    ('\u22121.2', '0', '+0.001')
    """
    if metric.startswith("R@"):
        text = f"{100 * value:+.1f}"
    elif metric == "MRR":
        text = f"{value:+.3f}"
    else:
        text = f"{value:+,.4g}"
    return _minus(text) if float(text.replace(",", "")) else text[1:]


def span_of(interval: "Interval", metric: str) -> str:
    """Return the ends of an interval of a value."""
    return f"[{value_of(interval.low, metric)}, {value_of(interval.high, metric)}]"


def _start(column: int) -> str:
    return ' class="start"' if column == 0 else ""


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")
