"""The parts below the picture of the Compare view, each with its words: numbers, spaces, subspaces, retrieval."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.compare import words
from sde_explorer.compare.figures.retrieval import differences_figure
from sde_explorer.compare.figures.spaces import angles_figure, cka_figure
from sde_explorer.compare.found import results
from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
from sde_explorer.compare.numbers.separate import Separate
from sde_explorer.compare.numbers.subspaces import Subspaces
from sde_explorer.compare.tables import (
    compared_bands,
    compared_metrics,
    compared_pairs,
    overlap_table,
    retrieval_table,
    separate_table,
)
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.pending import pending
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.compare.cached.both import Common
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.exact import Best


def not_there() -> None:
    """Say why a part shows nothing."""
    st.caption(
        "This compares row with row: it needs pictures, and for retrieval captions, that both sets have."
    )


def numbers_section(pairs: "list[tuple[Bands, Bands]]") -> None:
    """Show bands and metrics of both in numbers."""
    left, right = chart_columns("compare_numbers")
    left.html(compared_bands(pairs))
    right.html(compared_metrics(pairs))


def spaces_section(similarity: "list[Job]", neighbours: "list[Job]") -> None:
    """Show CKA of every two spaces, and say how many neighbours stay."""
    left, right = chart_columns("compare_spaces")
    with left:
        for found in results(similarity, Similarity):
            _cka(found)
        pending(similarity)
    with right:
        for found in results(similarity, Similarity):
            st.markdown(words.cka_story(found) + words.sampled(found.n_rows, found.total, "rows"))
        there = results(neighbours, Neighbours)
        if there:
            st.markdown(words.kept_story(there))
        st.caption(words.CKA_STORY)


def _cka(found: "Similarity") -> None:
    story = words.cka_story(found)
    st.plotly_chart(
        cka_figure(found),
        key="compare_cka_chart",
        config=CONFIG,
        alt="Linear CKA of every two spaces. " + plain(story),
    )


def subspaces_section(common: "Common", known: "Best") -> None:
    """Show principal angles in feature space and along the rows, and the overlap by band."""
    there = results(known.jobs, Subspaces)
    left, right = chart_columns("compare_subspaces")
    with left:
        st.markdown("**In feature space**")
        if common.same_width:
            _angles(there, feature=True)
            st.caption(words.FEATURE_STORY)
        else:
            widths = [source.width for source in common.sources]
            st.info(words.WIDTHS.format(*widths), icon=":material/straighten:")
    with right:
        st.markdown("**Along the rows of both sets**")
        _angles(there, feature=False)
        if there:
            exact_rows(known, what="rows", n_rows=there[0].n_rows, total=there[0].total)
        st.caption(words.SAMPLE_STORY)
    pending(known.jobs)
    if there:
        tables = chart_columns("compare_overlap")
        for place, found in zip(tables, there, strict=False):
            place.html(overlap_table(found))
        where = "in feature space" if common.same_width else "along the rows"
        st.caption(f"Measured {where}. {words.TABLE_STORY}")


def _angles(there: "list[Subspaces]", *, feature: bool) -> None:
    found = [(one.modality, one.feature if feature else one.sample) for one in there]
    known = [(modality, angles) for modality, angles in found if angles is not None]
    if not known:
        return
    story = "  \n".join(words.angles_story(one, feature=feature) for one in there)
    st.plotly_chart(
        angles_figure(known),
        key=f"compare_angles_{'feature' if feature else 'sample'}_chart",
        config=CONFIG,
        alt="Principal angles between the strong subspaces of A and B, beside chance. " + plain(story),
    )
    st.markdown(story)


def separate_section(known: "Best") -> None:
    """Show how far directions keep to one column, for A and B, each beside random rotations."""
    there = results(known.jobs, Separate)
    for place, found in zip(chart_columns("compare_separate"), there, strict=False):
        place.html(separate_table(found))
        place.markdown(words.separate_story(found))
    pending(known.jobs)
    if there:
        exact_rows(known, what="pictures", n_rows=there[0].n_rows, total=there[0].total)
        st.caption(words.SEPARATE_STORY, help=words.separate_columns(there[0].columns))


def retrieval_section(jobs: "list[Job]", similarity: "list[Job]") -> None:
    """Show what B changes between pictures and captions: retrieval with paired intervals, gap and cones."""
    left, right = chart_columns("compare_retrieval")
    for found in results(jobs, ComparedSets):
        story = words.retrieval_story(found)
        with left:
            st.plotly_chart(
                differences_figure(found),
                key="compare_retrieval_chart",
                config=CONFIG,
                alt="Retrieval of B minus A with 95 % intervals. " + plain(story),
            )
            st.caption("Right of the line B is better. A filled dot: the interval leaves out 0.")
        right.html(retrieval_table(found))
        st.markdown(story)
    for measured in results(similarity, Similarity):
        if measured.alignment:
            left.html(compared_pairs(measured))
    pending(jobs)
