"""Below the main picture of Compare: numbers, spaces, subspaces, company, retrieval; only the open tab is computed."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.compare import words
from sde_explorer.compare.cards import compare_cards
from sde_explorer.compare.changed import changed_section
from sde_explorer.compare.decided import (
    calibrated_section,
    difference_section,
    layers_section,
    parity_section,
)
from sde_explorer.compare.download import compare_download
from sde_explorer.compare.found import results
from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
from sde_explorer.compare.numbers.separate import told_columns
from sde_explorer.compare.numbers.subspaces import Subspaces
from sde_explorer.compare.sections import (
    not_there,
    numbers_section,
    retrieval_section,
    separate_section,
    spaces_section,
    subspaces_section,
)
from sde_explorer.ui.cards import card_grid
from sde_explorer.ui.pending import pending

if TYPE_CHECKING:
    from sde_explorer.compare.found import Compared
    from sde_explorer.jobs import Job
    from sde_explorer.ui.frame import View


def tabs(view: "View", found: "Compared") -> "list[Job]":
    """Show the tabs; return the jobs for which the open one waited when it was drawn.

    Args:
        view: whose they are.
        found: both sets.
    """
    asked: list[Job] = []
    draw = {
        "In numbers": _numbers,
        "Same space?": _same,
        "How alike": _spaces,
        "Beyond chance": _beyond_chance,
        "Same directions": _directions,
        "How separate": _separate,
        "Only in one": _only_in_one,
        "Whose company changed": _company,
        "Pictures and captions": _retrieval,
        "By layer": _layers,
    }
    view.tabs("compare_look", {name: partial(part, found, asked) for name, part in draw.items()})
    return asked


def _active(*jobs: "Job") -> "list[Job]":
    """Return those that have not ended by now, before anything of them is drawn."""
    return [job for job in jobs if job.is_active]


def _numbers(found: "Compared", asked: "list[Job]") -> None:
    subspaces, similarity = found.subspaces().jobs, found.similarity()
    asked += _active(*subspaces, *similarity, *found.finer)
    every = [*subspaces, *found.neighbours, *found.retrieval, *similarity]
    spaces, near = results(similarity, Similarity), results(found.neighbours, Neighbours)
    ranked = results(found.retrieval, ComparedSets)
    waits = any(job.is_active for job in every)
    cards = compare_cards(
        found.pairs,
        next(iter(spaces), None),
        near,
        results(subspaces, Subspaces),
        next(iter(ranked), None),
        waits=waits,
    )
    card_grid(cards, 4)
    if not words.cards_sample([*near, *ranked]) and (said := words.cards_sample(spaces)):  # else said above
        st.caption(said)
    if found.pairs:
        numbers_section(found.pairs)
    shown_above = {job.key for job in found.neighbours}
    pending([job for job in every if job.status != "done" and job.key not in shown_above])
    compare_download(found.common, found.pairs, every, found.state)


def _same(found: "Compared", asked: "list[Job]") -> None:
    known = found.same_space()
    asked += _active(*known.jobs, *known.finer)
    if known.jobs:
        parity_section(known)
    else:
        not_there()


def _spaces(found: "Compared", asked: "list[Job]") -> None:
    asked += _active(*found.similarity())
    if found.common.is_paired:
        spaces_section(found.similarity(), found.neighbours)
    else:
        not_there()


def _directions(found: "Compared", asked: "list[Job]") -> None:
    if found.common.is_paired:
        known = found.subspaces()
        asked += _active(*known.jobs, *known.finer)
        subspaces_section(found.common, known)
    else:
        not_there()


def _separate(found: "Compared", asked: "list[Job]") -> None:
    if not found.common.is_paired:
        not_there()
    elif len(told_columns(found.common.a.embeddings)) < 2:
        st.info(words.NO_COLUMNS, icon=":material/table_rows:")
    else:
        known = found.separate()
        asked += _active(*known.jobs, *known.finer)
        separate_section(known)


def _beyond_chance(found: "Compared", asked: "list[Job]") -> None:
    known = found.calibrated()
    asked += _active(*known.jobs, *known.finer)
    if known.jobs:
        calibrated_section(known)
    else:
        not_there()


def _only_in_one(found: "Compared", asked: "list[Job]") -> None:
    if found.common.is_paired:
        asked += difference_section(found)
    else:
        not_there()


def _layers(found: "Compared", asked: "list[Job]") -> None:
    asked += layers_section(found.common.a)


def _company(found: "Compared", asked: "list[Job]") -> None:
    if found.neighbours:
        changed_section(found.common, found.neighbours, found.state)
    else:
        not_there()


def _retrieval(found: "Compared", asked: "list[Job]") -> None:
    asked += _active(*found.similarity())
    if found.retrieval:
        retrieval_section(found.retrieval, found.similarity())
    else:
        not_there()
