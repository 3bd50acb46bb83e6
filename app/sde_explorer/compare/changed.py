"""The rows whose neighbourhood changed most: their neighbours in A beside those in B."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.compare.found import results
from sde_explorer.compare.numbers.measures import Neighbours
from sde_explorer.compare.terms import HELP
from sde_explorer.subspaces.words import NO_PICTURES
from sde_explorer.ui.fields import segments
from sde_explorer.ui.pending import pending
from sde_explorer.ui.thumbnails import lines, thumbnails

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sde_explorer.compare.cached.both import Common
    from sde_explorer.compare.state import CompareState
    from sde_explorer.jobs import Job

_ROWS = 4
_SHOWN = 4
_WORDS = {"image": "pictures", "text": "captions"}


def changed_section(common: "Common", jobs: "list[Job]", state: "CompareState") -> None:
    """Show the rows that share the fewest neighbours, of one modality."""
    if len(jobs) > 1:
        segments("changed", "Of", help=HELP["changed"], words=lambda modality: _WORDS[modality], bare=True)
    modality = state.changed if len(jobs) > 1 else "image"
    there = [one for one in results(jobs, Neighbours) if one.modality == modality]
    for found in there:
        _table(common, found)
    if not there:
        pending(jobs)


def _table(common: "Common", found: Neighbours) -> None:
    chosen = found.most_changed(_ROWS)
    if found.overlap[chosen[0]] >= 1:
        st.caption(f"All {_WORDS[found.modality]} keep all of their neighbours.")
        return
    heads = st.columns([0.16, 0.42, 0.42], gap="medium")
    heads[1].markdown(f"**Nearest in A**, {_SHOWN} of {found.k}")
    heads[2].markdown(f"**Nearest in B**, {_SHOWN} of {found.k}")
    has_pictures = [_row(common, found, int(place)) for place in chosen]
    if found.modality == "image" and not any(has_pictures):
        st.caption(NO_PICTURES)
    st.caption(
        "The rows that share the fewest neighbours; of these first those that moved furthest from their old ones. "
        "Neighbours that both sets have say so. Is the new company better? Your eye decides, no number here does."
    )


def _row(common: "Common", found: Neighbours, place: int) -> bool:
    near = found.first[place], found.second[place]
    both = set(near[0].tolist()) & set(near[1].tolist())
    kept = f"keeps {len(both)} of {found.k}"
    columns = st.columns([0.16, 0.42, 0.42], gap="medium")
    shown = []
    with columns[0]:
        shown.append(_items(common, found, [place], [kept]))
    for column, table in zip(columns[1:], near, strict=True):
        notes = ["in both" if int(p) in both else "" for p in table[:_SHOWN]]
        with column:
            shown.append(_items(common, found, table[:_SHOWN], notes))
    return any(shown)


def _items(
    common: "Common", found: Neighbours, places: "list[int] | npt.NDArray[np.int64]", notes: list[str]
) -> bool:
    """Show pictures or captions by their places among the compared rows; A's set has them all."""
    rows = [int(found.items.first[p]) for p in places]
    if found.modality == "image":
        return thumbnails(common.a, zip(rows, notes, strict=True))
    captions = common.a.embeddings.captions
    lines((captions[row] or f"caption {row}", note) for row, note in zip(rows, notes, strict=True))
    return True
