"""An answered query: what asked, and what each side puts first; captions are text, never markup."""

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sde_explorer.search.numbers import N_HITS
from sde_explorer.search.words import change_mark
from sde_explorer.ui.pointer import picture_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.search.numbers import Hit
    from sde_explorer.search.query import Asked

_STYLE = """<style>
.sde-waits{min-height:17rem}
.sde-answer{margin:0;display:grid;grid-template-columns:11.5rem minmax(0,1fr);gap:0 1.4rem;line-height:1.25}
.sde-answer .asked{border-right:1px solid rgba(128,128,128,.28);padding-right:1rem;font-size:.84rem;min-width:0}
.sde-answer .asked small{display:block;opacity:.8}
.sde-answer .asked b.said{display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden;
font-size:1.08rem;font-weight:650;overflow-wrap:anywhere;margin:.15rem 0 .5rem}
.sde-answer .asked img{width:104px;height:104px;object-fit:contain;border-radius:8px;background:#fff;padding:4px;
box-sizing:border-box;display:block;margin:.4rem 0}
.sde-answer .asked p{margin:0 0 .5rem}
.sde-answer .sides{display:grid;gap:.5rem 1.6rem;min-width:0;align-content:start}
.sde-answer.texts .sides{grid-template-columns:1fr 1fr}
.sde-answer h2{font-size:.86rem;font-weight:650;margin:0 0 .2rem;padding:0}
.sde-answer h2 span{font-weight:400;opacity:.8}
.sde-hits,.sde-texts{margin:0!important;padding:0!important;list-style:none}
.sde-hits{display:grid;gap:4px}
.sde-hits li{min-width:0;padding:3px 4px 4px;border-radius:8px;border:2px solid transparent;margin:0;
box-sizing:border-box;font-size:.78rem}
.sde-hits li.right,.sde-texts li.right{border-color:currentColor}
.sde-hits li>div{display:flex;justify-content:space-between;gap:.2rem;white-space:nowrap;margin-bottom:3px}
.sde-hits img,.sde-hits i{display:block;width:min(100%,92px);aspect-ratio:1;margin:0 auto;border-radius:8px;
box-sizing:border-box}
.sde-hits img{object-fit:contain;background:#fff;padding:4px}
.sde-hits i{background:rgba(128,128,128,.12)}
.sde-hits p{font-size:.76rem;line-height:1.2;height:2.4em;margin:4px 0 0;text-align:center;overflow-wrap:anywhere;
display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.sde-hits.bare p{height:4.8em;-webkit-line-clamp:4;text-align:left}
.sde-hits small,.sde-texts small{font-size:.72rem;opacity:.75;font-variant-numeric:tabular-nums;white-space:nowrap}
.sde-hits b,.sde-texts b{font-size:.76rem;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}
.sde-texts{font-size:.86rem;line-height:1.3}
.sde-texts b{min-width:4.9em}
.sde-texts li{display:flex;gap:.7em;padding:.22rem .4rem;border:2px solid transparent;
border-bottom:1px solid rgba(128,128,128,.22);margin:0;border-radius:4px;align-items:baseline}
.sde-texts span{flex:1;min-width:0;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;
-webkit-box-orient:vertical;overflow:hidden}
@media(max-width:1000px){.sde-answer{grid-template-columns:8rem minmax(0,1fr);gap:0 .8rem}.sde-hits{gap:2px}
.sde-hits li{padding:2px}.sde-hits small{display:none}.sde-answer .asked{padding-right:.6rem;font-size:.8rem}}
</style>"""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of an answer.

    Attributes:
        name: "before", "after", or "alone" while the other side is not there.
        title: of the side, ours.
        hits: nearest first; none while they are on their way.
        best: the best right answer, shown at the end where it is not among the first.
    """

    name: str
    title: str
    hits: "tuple[Hit, ...]"
    best: "Hit | None" = None

    @property
    def shown(self) -> "list[Hit]":
        """The hits in their order, the best right answer at the end where it is farther away."""
        is_far = self.best is not None and self.best.row not in {hit.row for hit in self.hits}
        return [*self.hits, *([self.best] if is_far and self.best is not None else [])]


def answer(
    data: "Dataset", find: str, question: "Asked", sides: "Sequence[Side]", story: str
) -> tuple[str, bool]:
    """Return an answered query as HTML of our own, and whether a picture of it could be read.

    Args:
        data: the set.
        find: "pictures" or "captions".
        question: what asked.
        sides: one or two.
        story: what the answer means; Markdown of ours with nothing but bold words in it.
    """
    width = max(len(side.shown) for side in sides)
    kind = "pictures" if find == "pictures" else "texts"
    drawn = [_side(data, find, side, width) for side in sides]
    return (
        f'{_STYLE}<figure class="sde-answer {kind}" aria-label="An answered query">{_asked(question, story)}'
        f'<div class="sides">{"".join(body for body, _ in drawn)}</div></figure>',
        any(has_picture for _, has_picture in drawn),
    )


def waiting(text: str, find: str) -> str:
    """Return the shape of an answer while the encoder loads, as HTML of our own: the bar below it has room too.

    Args:
        text: that asks, from outside; empty where no words ask.
        find: "pictures" or "captions".
    """
    if find != "pictures":
        asks = f'<div class="asked"><b class="said">{html.escape(text)}</b></div>'
        return f'{_STYLE}<figure class="sde-answer texts sde-waits" aria-busy="true">{asks}</figure>'
    items = "<li><div>&nbsp;</div><i></i></li>" * N_HITS
    side = f'<div><h2>&nbsp;</h2><ol class="sde-hits" style="grid-template-columns:repeat({N_HITS},minmax(0,1fr))">'
    sides = f"{side}{items}</ol></div>" * 2
    asked = (
        f'<small>{"Asked: these words" if text else "&nbsp;"}</small><b class="said">{html.escape(text)}</b>'
    )
    return (
        f'{_STYLE}<figure class="sde-answer sde-waits" aria-busy="true"><div class="asked">{asked}</div>'
        f'<div class="sides">{sides}</div></figure>'
    )


def _asked(question: "Asked", story: str) -> str:
    text = html.escape(question.text)
    image = "" if question.picture is None else f'<img src="{question.picture}" alt="{text}">'
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(story))
    told = "".join(f"<p>{line}</p>" for line in bold.split("\n") if line.strip())
    return (
        f'<div class="asked"><small>Asked: {html.escape(question.what)}</small>{image}'
        f'<b class="said" title="{html.escape(question.text, quote=True)}">{text}</b>{told}</div>'
    )


def _side(data: "Dataset", find: str, side: Side, width: int) -> tuple[str, bool]:
    lead, _, rest = side.title.partition(" · ")
    title = f"<h2>{html.escape(lead)} <span>{html.escape(rest)}</span></h2>"
    if find != "pictures":
        items = "".join(_text(data, hit, side.name) for hit in side.shown)
        return f'<div>{title}<ol class="sde-texts" data-side="{side.name}">{items}</ol></div>', False
    sources = [picture_source(data, hit.row) for hit in side.shown]
    has_pictures = any(source is not None for source in sources)
    items = "".join(
        _picture(data, hit, side.name, source, is_bare=not has_pictures)
        for hit, source in zip(side.shown, sources, strict=True)
    )
    look = "sde-hits" if has_pictures else "sde-hits bare"
    columns = f"grid-template-columns:repeat({max(width, 1)},minmax(0,1fr))"
    return (
        f'<div>{title}<ol class="{look}" style="{columns}" data-side="{side.name}">{items}</ol></div>',
        has_pictures,
    )


def _picture(data: "Dataset", hit: "Hit", side: str, source: str | None, *, is_bare: bool) -> str:
    embeddings = data.embeddings
    captions = embeddings.captions_of(hit.row)
    first = html.escape(captions[0] if captions and captions[0] else embeddings.image_ids[hit.row])
    everything = html.escape(" · ".join(captions) or embeddings.image_ids[hit.row], quote=True)
    image = f'<img src="{source}" alt="{first}">' if source is not None else "" if is_bare else "<i></i>"
    return (
        f'<li{_right(hit)} data-row="{hit.row}" title="{everything}"><div><b>{_mark(hit, side)}</b>'
        f"<small>{hit.score:.3f}</small></div>{image}<p>{first}</p></li>"
    )


def _text(data: "Dataset", hit: "Hit", side: str) -> str:
    words = html.escape(data.embeddings.captions[hit.row] or f"caption of row {hit.row}")
    return (
        f'<li{_right(hit)} data-row="{hit.row}" title="{words}"><b>{_mark(hit, side)}</b><span>{words}</span>'
        f"<small>{hit.score:.3f}</small></li>"
    )


def _right(hit: "Hit") -> str:
    return ' class="right"' if hit.is_right else ""


def _mark(hit: "Hit", side: str) -> str:
    right = " ✓" if hit.is_right else ""
    change = f" {change_mark(hit.rank, hit.other)}" if side == "after" else ""
    if side == "before" and hit.other:
        change = f" → {hit.other:,}" if hit.other != hit.rank else " ="
    return f"{hit.rank:,}{change}{right}"
