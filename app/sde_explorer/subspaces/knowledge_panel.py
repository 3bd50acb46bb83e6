"""What each band knows: the main picture of the Subspaces view, its controls and its finding."""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.knowledge.caption_columns import LENGTH
from sde_core.knowledge.image_statistics import KINDS
from sde_explorer.jobs import Job
from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.subspaces import words
from sde_explorer.subspaces.known_figure import known_figure
from sde_explorer.subspaces.numbers.knowledge import finding, known_columns
from sde_explorer.ui.fields import choice, many, segments
from sde_explorer.ui.figure_files import file_stem
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sde_core.partition import Bands
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.numbers.knowledge import KnownColumn
    from sde_explorer.ui.frame import View

CHART = "knowledge_chart"


def knowledge_controls(view: "View") -> None:
    """Show whose directions, and which columns."""
    names = tuple(view.data.embeddings.metadata)
    offered = tuple(dict.fromkeys((*names, *KINDS, LENGTH, *current_state().columns)))
    with view.controls:
        segments("known_of", "Directions of", bare=True)
        with st.container(width=320):
            many(
                "columns",
                "Columns",
                offered,
                placeholder="columns that say most, or type a word",
                bare=True,
                typed=True,
            )
        if len(names) > 1:
            choice("given", "Beyond", ("", *names), words=words.beyond, width=210, bare=True)
    view.how_to_read(words.KNOWLEDGE)


def knowledge_panel(view: "View") -> None:
    """Draw what each direction knows of each column, and say it in the title."""
    data, state = view.data, current_state()
    with view.picture:
        jobs = _jobs(view)
        if not jobs:
            st.info(words.NO_COLUMNS, icon=":material/table_rows:")
            return
        waiting = [job for job in jobs if job.status != "done"]
        if waiting:
            pending(waiting)
            catch_up(waiting)
            return
        known = _together([job.result for job in jobs], state.columns)
        [report] = cached_spectra.bands(data, state, (state.known_of,))
        columns = known_columns(known, report.labels, state.columns)
        view.finding(
            finding(columns, report.labels, state.known_of, beyond=known.given), help=words.KNOWLEDGE
        )
        if columns:
            draw_known(data, columns, report, key=CHART)
        silent = [column for column in known.columns if column.says_nothing]
        wanted = [c for c in silent if not state.columns or c.name in state.columns]
        if wanted:
            st.caption(words.silent_columns(wanted), help=words.silence_reasons(wanted))


def draw_known(
    data: "Dataset",
    columns: "Sequence[KnownColumn]",
    report: "Bands",
    *,
    key: str,
    on_open: "Callable[[], None] | None" = None,
) -> None:
    """Draw what the directions of a spectrum know; its thresholds are those of the state.

    Args:
        data: the set.
        columns: one row each.
        report: the spectrum.
        key: unique on the page.
        on_open: called after a bar was pressed and its direction was put into the state.
    """
    state = current_state()

    def read(number: int) -> None:
        put(look="Directions", basis=report.modality, direction=number)
        if on_open is not None:
            on_open()

    known_figure(
        columns,
        report,
        key=key,
        factors=(state.noise, state.strong),
        on_release=lambda noise, strong: put(noise=noise, strong=strong),
        on_open=read,
        alt=words.knowledge_alt(columns),
        name=f"{file_stem(state.data)}-knows",
        names=cached_knowledge.direction_names(data, report.modality, state.center, state.names),
    )


def _jobs(view: "View") -> list[Job]:
    """Return what has to be known: the metadata; if others are chosen or there is none, what every set has."""
    data, state = view.data, current_state()
    of = state.known_of, state.center, state.given
    names, made = set(data.embeddings.metadata), {*KINDS, LENGTH}
    others = [name for name in state.columns if name not in names]
    jobs = []
    if names and (not state.columns or names & set(state.columns)):
        jobs.append(cached_knowledge.knowledge(data, *of))
    if made & set(others) or (not names and not state.columns and _has_more(view)):
        jobs.append(cached_knowledge.further(data, *of))
    typed = tuple(name for name in others if name not in made)
    if typed:
        jobs.append(cached_knowledge.typed(data, typed, *of))
    return jobs


def _has_more(view: "View") -> bool:
    """Whether there are images or captions to make columns of."""
    embeddings = view.data.embeddings
    return any(embeddings.captions) or bool(embeddings.provenance.pairs)


def _together(found: "list[sde.BandKnowledge]", chosen: tuple[str, ...]) -> "sde.BandKnowledge":
    """Return the columns of all results in one; chosen ones in the order in which they were chosen."""
    columns = [column for known in found for column in known.columns]
    if chosen:
        columns = sorted(
            (c for c in columns if c.name in chosen), key=lambda column: chosen.index(column.name)
        )
    return replace(found[0], columns=tuple(columns))
