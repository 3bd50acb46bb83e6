"""The parts of the Compare view, each with its words: spectra, spaces, subspaces, retrieval."""

from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from sde_explorer.compare import words
from sde_explorer.compare.figures.retrieval import differences_figure
from sde_explorer.compare.figures.spaces import angles_figure, cka_figure, kept_figure
from sde_explorer.compare.figures.spectra import compared_spectra_figure
from sde_explorer.compare.numbers.measures import ComparedSets, Neighbours, Similarity
from sde_explorer.compare.numbers.subspaces import Subspaces
from sde_explorer.compare.tables import (
    compared_bands,
    compared_metrics,
    compared_pairs,
    overlap_table,
    retrieval_table,
)
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.fields import segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.pending import pending
from sde_explorer.ui.terms import HELP
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sde_core.partition import Bands
    from sde_explorer.compare.cached import Common
    from sde_explorer.jobs import Job
    from sde_explorer.state import State

Result = TypeVar("Result")


def results(jobs: "Sequence[Job]", kind: type[Result]) -> list[Result]:
    """Return what those jobs came to that are done."""
    return [job.result for job in jobs if isinstance(job.result, kind)]


def spectra_section(pairs: "list[tuple[Bands, Bands]]", state: "State") -> None:
    """Show both spectra on each other, and bands and metrics in numbers."""
    st.header("How does each set spread its energy?", anchor=False)
    with st.container(horizontal=True, gap="medium"):
        segments("unit", "Count by", help=HELP["unit"])
        segments("xscale", "Rank axis", help=HELP["xscale"])
        segments("yscale", "Energy axis", help=HELP["yscale"])
    story = words.spectra_story(pairs)
    st.plotly_chart(
        compared_spectra_figure(pairs, unit=state.unit, xscale=state.xscale, yscale=state.yscale),
        key="compare_spectra_chart",
        config=CONFIG,
        alt="Share of the energy by direction, A solid and B dashed. " + plain(story),
    )
    st.markdown(story)
    st.caption(
        "Solid is A, dashed is B. Energies are shares, so that sets of other scale, size or width lie on each other; "
        "a line that lies higher on the right keeps more of its energy in its last directions."
    )
    left, right = chart_columns("compare_numbers")
    left.html(compared_bands(pairs))
    right.html(compared_metrics(pairs))


def spaces_section(similarity: "Job", neighbours: "list[Job]") -> None:
    """Show CKA of every two spaces, and how many neighbours stay."""
    st.header("How alike are the two spaces?", anchor=False)
    left, right = chart_columns("compare_spaces")
    with left:
        for found in results([similarity], Similarity):
            _cka(found)
        pending([similarity])
    with right:
        there = results(neighbours, Neighbours)
        if there:
            story = words.kept_story(there)
            st.plotly_chart(
                kept_figure(there),
                key="compare_kept_chart",
                config=CONFIG,
                alt="Share of rows by the number of neighbours that they keep. " + plain(story),
            )
            st.markdown(story)
            st.caption("Bars far to the right of the dotted line: who is near whom survived the change.")
        pending(neighbours)


def _cka(found: "Similarity") -> None:
    story = words.cka_story(found)
    st.plotly_chart(
        cka_figure(found),
        key="compare_cka_chart",
        config=CONFIG,
        alt="Linear CKA of every two spaces. " + plain(story),
    )
    st.markdown(story + words.sampled(found.n_rows, found.total, "rows"))
    st.caption(words.CKA_STORY)


def subspaces_section(common: "Common", jobs: "list[Job]") -> None:
    """Show principal angles in feature space and along the rows, and the overlap by band."""
    st.header("Do the same directions stand out?", anchor=False)
    there = results(jobs, Subspaces)
    left, right = chart_columns("compare_subspaces")
    with left:
        st.markdown("**In feature space**")
        if common.same_width:
            _angles(there, feature=True)
            st.caption(words.FEATURE_STORY)
        else:
            widths = common.a.embeddings.width, common.b.embeddings.width
            st.info(words.WIDTHS.format(*widths), icon=":material/straighten:")
    with right:
        st.markdown("**Along the rows of both sets**")
        _angles(there, feature=False)
        st.caption(words.SAMPLE_STORY)
    pending(jobs)
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
    st.markdown(story + ("" if feature else words.sampled(there[0].n_rows, there[0].total, "rows")))


def retrieval_section(job: "Job", similarity: "Job") -> None:
    """Show what B changes between pictures and captions: retrieval with paired intervals, gap and cones."""
    st.header("What does it change between pictures and captions?", anchor=False)
    left, right = chart_columns("compare_retrieval")
    for found in results([job], ComparedSets):
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
    for measured in results([similarity], Similarity):
        if measured.alignment:
            left.html(compared_pairs(measured))
    pending([job])
