"""Parts of Compare that decide: same space or not, similarities beyond chance, groups of one set only, layers."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.compare import decided_words as words
from sde_explorer.compare.cached import decided
from sde_explorer.compare.figures.decided import difference_figure, layers_figure
from sde_explorer.compare.found import modalities_of, results
from sde_explorer.compare.numbers.decided import MOST_CALIBRATED, Calibrated, Difference, SameSpace
from sde_explorer.compare.tables import calibrated_table, parity_table
from sde_explorer.compare.terms import HELP
from sde_explorer.subspaces.words import NO_PICTURES
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.fields import segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.pending import pending
from sde_explorer.ui.thumbnails import lines, thumbnails
from sde_explorer.ui.titled_chart import titled_chart
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from sde_explorer.compare.found import Compared
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.exact import Best
    from sde_explorer.readings.cached.sets import Dataset

_SHOWN, _LINES = 5, 4
_WORDS = {"image": "pictures", "text": "captions"}


def parity_section(known: "Best") -> None:
    """Show the verdict on two sets, and the numbers that it rests on."""
    for found in results(known.jobs, SameSpace, first=True):
        left, right = chart_columns("compare_parity", (0.55, 0.45), least="20rem")
        left.markdown(words.parity_title(found))
        left.caption(words.PARITY_STORY)
        if found.parity is not None:
            with left:
                exact_rows(known, what="rows", n_rows=found.parity.n_rows, total=found.total)
            right.html(parity_table(found.parity))
    pending(known.jobs, draws_partial=True)


def calibrated_section(known: "Best") -> None:
    """Show every similarity beside shuffled rows."""
    there = results(known.jobs, Calibrated, first=True)
    if there:
        st.markdown(words.calibrated_title(there), help=words.CALIBRATED_STORY)
        least = min(there, key=lambda one: one.n_rows)
        exact_rows(
            known,
            what="rows",
            n_rows=least.n_rows,
            total=least.total,
            power=2.0,
            at_most=MOST_CALIBRATED,
        )
        st.html(calibrated_table(there))
    pending(known.jobs, draws_partial=True)


def difference_section(found: "Compared") -> "list[Job]":
    """Show the groups that one set separates and the other does not; return the jobs."""
    modalities = modalities_of(found.common)
    if len(modalities) > 1:
        segments("changed", "Of", help=HELP["changed"], words=lambda modality: _WORDS[modality], bare=True)
    known = decided.difference(found.common, found.state.changed if len(modalities) > 1 else modalities[0])
    active = [job for job in (*known.jobs, *known.finer) if job.is_active]
    for one in results(known.jobs, Difference):
        title = words.difference_title(one)
        st.markdown(title, help=words.DIFFERENCE_STORY)
        exact_rows(known, what="rows", n_rows=one.n_rows, total=one.total)
        _groups(found.common.a, one)
        st.plotly_chart(
            difference_figure(one),
            key="compare_difference_chart",
            config=CONFIG,
            alt="Values of the difference of both kernels, the largest first. " + plain(title),
        )
    pending(known.jobs)
    return active


def _groups(data: "Dataset", found: Difference) -> None:
    columns = chart_columns("compare_groups", least="20rem")
    shown = [True]
    for place, name, groups, sizes in zip(columns, "AB", found.groups, found.sizes, strict=True):
        if groups:
            place.markdown(f"**{name} separates, {'B' if name == 'A' else 'A'} does not**")
        for group, size in zip(groups, sizes, strict=True):
            notes = [f"{100 * size:.1f} %", *[""] * len(group)]
            with place:
                if found.modality == "image":
                    pictures = [(int(i), note) for i, note in zip(group[:_SHOWN], notes, strict=False)]
                    shown.append(thumbnails(data, pictures, in_a_row=_SHOWN))
                else:
                    captions = [
                        data.embeddings.captions[int(i)] or f"caption {int(i)}" for i in group[:_LINES]
                    ]
                    lines(zip(captions, notes, strict=False))
    if not all(shown):
        st.caption(NO_PICTURES)


def layers_section(data: "Dataset") -> "list[Job]":
    """Show what every layer of A's encoder holds; return the jobs that read them."""
    import sde_core as sde

    origin = data.embeddings.provenance
    if not origin.pairs or not origin.encoder or origin.transform:
        st.info(words.NO_LAYERS, icon=":material/layers:")
        return []
    known = decided.layers(data)
    active = [job for job in (*known.jobs, *known.finer) if job.is_active]
    for found in results(known.jobs, sde.Layers, first=True):
        titled_chart(
            words.layers_title(found),
            layers_figure(found),
            key="compare_layers_chart",
            story=words.LAYERS_STORY,
            alt="Rank, intrinsic dimension and shared directions by depth, agreement of every two layers.",
        )
        if not known.is_whole:
            exact_rows(known, what="pairs", n_rows=found.n_items, total=data.embeddings.n_rows)
    pending(known.jobs, draws_partial=True)
    return active
