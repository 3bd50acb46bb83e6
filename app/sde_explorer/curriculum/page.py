"""Curriculum: gains over training, the spectrum at one moment of it, and what the certificate promises."""

from functools import partial
from typing import TYPE_CHECKING, get_args

import streamlit as st

import sde_core as sde
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.curriculum import words
from sde_explorer.curriculum.certificate_table import certificate_table
from sde_explorer.curriculum.controls import curriculum_controls, followed_directions, knobs
from sde_explorer.curriculum.figures.certificate import certificate_figure
from sde_explorer.curriculum.figures.gains import curves_figure, waterfall_figure
from sde_explorer.curriculum.figures.moment import moment_figure
from sde_explorer.curriculum.figures.strong_modes import strong_modes_figure
from sde_explorer.curriculum.transform_download import transform_download
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.readings.cached.knowledge import direction_names
from sde_explorer.shared_state import StrongMode
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import PICTURE_HEIGHT, how_to_read, open_view
from sde_explorer.ui.notices import error_box, sentence_of
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from sde_explorer.curriculum.state import CurriculumState
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.readings.gains import GainReport


def show() -> None:
    """Compose the view."""
    view = open_view("Curriculum")
    data = view.data
    with view.controls:
        curriculum_controls()
    view.how_to_read(knobs())
    state = current_state()
    try:
        reports = cached_curriculum.gains(data, state, state.modalities)
    except sde.SDEError as error:
        error_box(error)
        return
    if not all(len(r.values) for r in reports):
        st.info(
            "All vectors are equal: there is no direction to enhance. Choose another part or keep the mean."
        )
        return
    view.finding(words.finding(reports, kind=numbers_gains.kind_of(state)), help=words.FINDING_TERMS)
    with view.picture:
        _moment(data, reports, state)
    view.tabs(
        "curriculum_part",
        {
            "Over training": partial(_over_training, reports),
            "Guarantees": partial(_certificate, data, state),
            "Strong band": partial(_strong_modes, data, state, reports),
            "Transform": partial(transform_download, data, state),
        },
    )


def _moment(data: "Dataset", reports: "list[GainReport]", state: "CurriculumState") -> None:
    kind = numbers_gains.kind_of(state)
    st.plotly_chart(
        moment_figure(
            reports,
            schedules=numbers_gains.schedules_of(numbers_gains.curriculum_of(state)),
            schedule=state.schedule,
            xscale=state.xscale,
            yscale=state.yscale,
            names={r.modality: direction_names(data, r.modality, state.center, state.names) for r in reports},
            height=PICTURE_HEIGHT,
        ),
        key="moment_chart",
        config=CONFIG,
        alt=words.moment_alt(reports, kind=kind),
    )
    st.caption(words.moment_lead(reports, kind=kind))


def _over_training(reports: "list[GainReport]") -> None:
    st.markdown(words.moment_bands(reports))
    left, right = chart_columns("gains_over_training")
    with left:
        followed = followed_directions(max(len(r.values) for r in reports))
        st.plotly_chart(
            curves_figure(reports, followed=followed),
            key="curves_chart",
            config=CONFIG,
            alt="Mean gain of each band over training. " + words.CURVES_STORY,
        )
    with right:
        st.plotly_chart(
            waterfall_figure(reports),
            key="waterfall_chart",
            config=CONFIG,
            alt="Heat map of gains by direction and moment. " + words.WATERFALL_STORY,
        )
    how_to_read(f"{words.CURVES_STORY}\n\n{words.WATERFALL_STORY}")


def _certificate(data: "Dataset", state: "CurriculumState") -> None:
    found = cached_curriculum.certificates(data, state, state.modalities)
    left, right = chart_columns("guarantees", (0.46, 0.54), least="26rem")
    with left:
        st.plotly_chart(
            certificate_figure({report.modality: report.lines for report in found}),
            key="certificate_chart",
            config=CONFIG,
            alt="Each bound as a line and the measured value as a bar; the numbers are in the table.",
        )
    with right:
        st.html(certificate_table(found))
        how_to_read(f"{words.certificate_story(found)}\n\n{words.ORIGIN}")
    if all(report.holds for report in found):
        st.info(words.verdict(found), icon=":material/verified:")
    else:
        st.error(words.verdict(found), icon=":material/gpp_bad:")


def _strong_modes(data: "Dataset", state: "CurriculumState", reports: "list[GainReport]") -> None:
    gains = {}
    for mode in get_args(StrongMode):
        try:
            gains[mode] = cached_curriculum.strong_gains(data, state, mode, state.modalities)
        except sde.SDEError as error:
            st.warning(sentence_of(error), icon=":material/warning:")
    used = "" if state.transform == "pruned" else state.strong_mode
    st.plotly_chart(
        strong_modes_figure(reports, gains, used=used),
        key="modes_chart",
        config=CONFIG,
        alt="Gains of the strong directions in each of the three modes. " + words.MODES_STORY,
    )
    how_to_read(words.MODES_STORY)
