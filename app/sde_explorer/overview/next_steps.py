"""What to look at next: what the numbers suggest, each with the button that does it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from sde_core.glossary.formats import percent, recall
from sde_explorer.ui.navigation import switch_to
from sde_explorer.ui.session import put
from sde_explorer.ui.words import holding

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.readings.headline import Aligned, Recall

MOST = 3
_GO = "overview_leads_to"
_LARGE_GAP = 0.3


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at.

    Attributes:
        says: what the numbers say, Markdown.
        does: label of the button that follows it.
        view: that the button leads to.
        field: of the state that it sets; empty: none.
        value: of that field.
    """

    says: str
    does: str
    view: str
    field: str = ""
    value: str = ""


def next_steps(steps: list[Step]) -> None:
    """Draw them, each on one line with its button.

    Args:
        steps: most telling first.
    """
    st.header("What to look at next", anchor=False)
    for number, step in enumerate(steps):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(step.says, width="content")
            st.button(
                step.does,
                key=f"next_step {number}",
                type="tertiary",
                icon=":material/arrow_forward:",
                on_click=_aim,
                args=(step,),
            )


def go_on() -> None:
    """Lead to the view whose button was pressed; nothing without one."""
    if view := st.session_state.pop(_GO, ""):
        switch_to(view)


def _aim(step: Step) -> None:
    if step.field:
        put(**{step.field: step.value})
    st.session_state[_GO] = step.view


def suggested(reports: "list[Bands]", asked: "Recall", aligned: "Aligned") -> list[Step]:
    """Return what the headline numbers suggest to look at, at most `MOST`, most telling first.

    Args:
        reports: bands of images and of texts.
        asked: recalls and their chance.
        aligned: gap and cosines.
    """
    found = [_hardly_found(asked), _doubtful(reports), _uneven(reports), _apart(aligned), _narrow(reports)]
    return [step for step in found if step is not None][:MOST]


def _hardly_found(asked: "Recall") -> Step | None:
    reached, luck = (one["text_retrieval_recall@10"] for one in (asked.metrics, asked.chance))
    if not (luck < 1 and reached < 2 * luck):
        return None
    return Step(
        f"**Retrieval is hardly above chance** ({recall(reached)} against {recall(luck)}): are pictures and captions "
        "paired, and made by the same encoder?",
        "Look for wrong pairs",
        "Data",
        "data_part",
        "Wrong pairs",
    )


def _doubtful(reports: "list[Bands]") -> Step | None:
    doubtful = [f"{r.fit_distance:.2f} for {r.modality}" for r in reports if r.edge_is_doubtful]
    if not doubtful:
        return None
    says = (
        f"**The bulk is not pure noise** (KS distance {', '.join(doubtful)}): another rule may move the edge."
    )
    return Step(says, "Compare rules", "Spectrum", "section", "Rules")


def _uneven(reports: "list[Bands]") -> Step | None:
    less, more = sorted(reports, key=lambda report: report.energy_share("strong"))
    most, least = more.energy_share("strong"), less.energy_share("strong")
    if not (most > 0.02 and most > 1.25 * least):
        return None
    fewer = less.count("strong")
    return Step(
        f"**The modalities spread differently:** {holding(more.count('strong'), 'strong', most)} of the "
        f"{more.modality} energy, {fewer:,} {'holds' if fewer == 1 else 'hold'} {percent(least)} of the "
        f"{less.modality} energy.",
        "See both spectra",
        "Spectrum",
        "spectra",
        "by modality",
    )


def _apart(aligned: "Aligned") -> Step | None:
    gap = aligned.values["modality_gap"] if aligned.values else 0.0
    if gap <= _LARGE_GAP:
        return None
    says = f"**Pictures and captions sit {gap:.2f} apart:** how much of the first direction is the cone?"
    return Step(says, "Keep the mean", "Spectrum", "center", "kept")


def _narrow(reports: "list[Bands]") -> Step:
    narrow = min(reports, key=lambda report: report.metrics["effective_rank"])
    says = (
        f"**{narrow.modality.capitalize()} uses about {narrow.metrics['effective_rank']:.0f} of {narrow.shape[1]} "
        "dimensions.**"
    )
    return Step(says, "See what the last ones hold", "Spectrum", "section", "Energy and cone")
