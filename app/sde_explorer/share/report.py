"""The report of what the dashboard shows: made in the background, taken home, looked at here."""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

import sde_core as sde
from sde_explorer.compare.cached import both as cached_compare
from sde_explorer.compare.numbers.rows import KINDS
from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving.places import place_of_runs
from sde_explorer.share.numbers.spec import set_name, spec_of
from sde_explorer.share.preview import report_frame, report_preview
from sde_explorer.share.report_job import MadeReport, report_job
from sde_explorer.ui.figure_files import file_stem
from sde_explorer.ui.file_button import file_button
from sde_explorer.ui.job_progress import job_error, job_progress
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import current_state
from sde_explorer.ui.words import as_text as as_words

if TYPE_CHECKING:
    from sde_core.report import ReportSpec
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState
    from sde_explorer.ui.frame import View

HALF = "a seeded half of the pictures"
TITLE, FIT_ON, OTHER = "share_title", "share_fit_on", "share_other"
MOST_LETTERS = 200
_HOLDS = (
    "The picture is the beginning of the report; once it is made, it is the report itself.\n\n"
    "One HTML file that needs no network and no server: figures that answer to the pointer and to the arrow keys, "
    "every number of the page, parameters and seed, digests of vectors, pairs and weights, versions, and the spec that "
    "makes it again with `sde report --spec`."
)


@dataclass(frozen=True, kw_only=True)
class ReportChoices:
    """What a report is to hold beside the state.

    Attributes:
        title: of the page.
        fit_on_part: filters of what the treatments are fitted on; () is half of the set.
        has_other: whether the second set of Compare stands beside the open one.
    """

    title: str
    fit_on_part: tuple[str, ...] = ()
    has_other: bool = False


def share_report(view: "View", state: "ShareState") -> None:
    """Show on the view's line what makes the report and hands it out, and the report as the main picture.

    Args:
        view: whose line, title and picture they are.
        state: of the dashboard.
    """
    data = view.data
    problem, made, spec = "", None, None
    with view.controls:
        with st.popover("What goes in", icon=":material/tune:"):
            _choices(data, state)
            for sentence in _about(state):
                st.caption(sentence)
        try:
            spec = report_spec(data, state, report_choices(data, state))
        except sde.SDEError as error:
            problem = str(error)
        if spec is not None:
            made = _making(spec, state)
    view.how_to_read(_HOLDS)
    view.finding(_finding(cached_sets.all_of(data, state), made))
    with view.picture:
        if problem:
            error_box(problem)
        if made is not None:
            report_frame(made.page)
        else:
            report_preview(data, state, report_choices(data, state).title)


def _making(spec: "ReportSpec", state: "ShareState") -> MadeReport | None:
    """Show the buttons, or how far it is; return the report once it is made."""
    job = queue.find(report_job(spec).key)
    if job is not None and job.is_active:
        job_progress(job)
        return None
    if job is not None and isinstance(job.result, MadeReport):
        _hand_out(job.result, spec, state)
        return job.result
    _ask(job, spec, state)
    return None


def _finding(data: "Dataset", made: MadeReport | None) -> str:
    """Return what the report is, as the title of the view: one line."""
    whole = f"{data.embeddings.n_rows:,} {'images' if data.embeddings.n_images else 'texts'} in one file"
    if made is None:
        return f"{whole}: spectrum, bands, retrieval with intervals, certificate"
    return f"{whole} of {len(made.page.encode()) / 1e6:.1f} MB that needs no server"


def report_spec(data: "Dataset", state: "ShareState", choices: ReportChoices) -> "ReportSpec":
    """Return the spec of the report of a state, with the fingerprints of its sets.

    Raises:
        SDEError: the state holds what a report cannot compute, or a set is not there.
    """
    from sde_core.report import SetSpec

    entry = cached_sets.entry_of(state)
    name, part = set_name(entry), choices.fit_on_part
    fingerprint = cached_sets.all_of(data, state).fingerprint  # a report is of all rows
    shown = SetSpec(embeddings=name, part=state.part, fingerprint=fingerprint)
    if part:
        reference = cached_sets.dataset(entry, part).fingerprint
        shown = replace(shown, fit_on=name, fit_on_part=part, fit_on_fingerprint=reference)
    sets = [shown]
    if choices.has_other:
        second = cached_compare.other_entry(state)
        fingerprint = cached_sets.dataset(second).fingerprint
        sets.append(SetSpec(embeddings=set_name(second), fingerprint=fingerprint))
    series = str(place_of_runs(state.series, cached_sets.cache_folder())) if state.series else ""
    return spec_of(state, sets, title=choices.title, series=series)


def made_report(data: "Dataset", state: "ShareState") -> MadeReport | None:
    """Return the report of the state and of the choices of the page, if it was made already."""
    try:
        job = queue.find(report_job(report_spec(data, state, report_choices(data, state))).key)
    except sde.SDEError:
        return None  # said where the report is
    return job.result if job is not None and isinstance(job.result, MadeReport) else None


def report_choices(data: "Dataset", state: "ShareState") -> ReportChoices:
    """Return what the widgets of the page say."""
    return ReportChoices(
        title=str(st.session_state.get(TITLE) or _title(state)),
        fit_on_part=_parts(data, state).get(str(st.session_state.get(FIT_ON, HALF)), ()),
        has_other=_other(state) != "" and bool(st.session_state.get(OTHER)),
    )


def _choices(data: "Dataset", state: "ShareState") -> None:
    kept = st.session_state.setdefault("share_kept", {})
    for key in (TITLE, FIT_ON, OTHER):  # Streamlit forgets what no widget of the last view held
        if key not in st.session_state and key in kept:
            st.session_state[key] = kept[key]
    _choice_widgets(data, state)
    kept |= {key: st.session_state[key] for key in (TITLE, FIT_ON, OTHER) if key in st.session_state}


def _choice_widgets(data: "Dataset", state: "ShareState") -> None:
    st.text_input("Title", key=TITLE, max_chars=MOST_LETTERS, placeholder=_title(state))
    parts = _parts(data, state)
    if st.session_state.get(FIT_ON, HALF) not in parts:
        st.session_state[FIT_ON] = HALF
    st.selectbox(
        "Treatments are fitted on",
        list(parts),
        key=FIT_ON,
        disabled=len(parts) == 1,
        help="Enhancement, pruning and baselines are fitted on one part and reported on another, so that no number is "
        "of rows that were seen. Choose one split as Part above to fit on the others.",
    )
    other = _other(state)
    if other:
        st.toggle(
            f"With the second set of Compare, {as_words(other)}",
            key=OTHER,
            help="The whole of it, with treatments that are fitted on a seeded half of its pictures.",
        )


def _title(state: "ShareState") -> str:
    return f"{state.data}: embedding spectrum"


def _other(state: "ShareState") -> str:
    """Return what people call the second set; "" where it is none on disk."""
    if not state.other or state.other in KINDS:
        return ""
    return f"{state.other}, {state.other_encoder}" if state.other_encoder else state.other


def _parts(data: "Dataset", state: "ShareState") -> dict[str, tuple[str, ...]]:
    """Return the references that share no row with what is shown, by the words for them."""
    shown = {text for text in state.part if text.startswith("split=")}
    others = [text for text in data.filters if text.startswith("split=") and text not in shown]
    narrow = tuple(text for text in state.part if text not in shown)
    return {HALF: (), **({text: (text, *narrow) for text in others} if shown else {})}


def _ask(job: Job | None, spec: "ReportSpec", state: "ShareState") -> None:
    st.button(
        "Make the report",
        key="make_report",
        type="primary",
        icon=":material/summarize:",
        on_click=_make,
    )
    _spec_button(spec, state)
    if job is not None and job.status == "failed":
        st.error(job_error(job), icon=":material/error:")
    elif job is not None and job.status == "cancelled":
        st.caption("Report: stopped.")


def _make() -> None:
    """Begin the report of what the page says now; what is wrong with that stands where the report would be."""
    state = current_state()
    with suppress(sde.SDEError):
        data = cached_sets.dataset(cached_sets.entry_of(state), state.part)
        queue.submit(report_job(report_spec(data, state, report_choices(data, state))))


def _hand_out(made: MadeReport, spec: "ReportSpec", state: "ShareState") -> None:
    stem = file_stem(state.data)
    size = len(made.page.encode()) / 1e6
    file_button(
        f"Report (HTML, {size:.1f} MB)", made.page, f"{stem}-report.html", key="save_report", type="primary"
    )
    file_button(
        "Numbers (JSON)", lambda: as_text(made.content), f"{stem}-report.json", key="save_report_numbers"
    )
    _spec_button(spec, state)


def _spec_button(spec: "ReportSpec", state: "ShareState") -> None:
    file_button(
        "Spec (JSON)",
        lambda: as_text(spec.as_dict()),
        f"{file_stem(state.data)}-spec.json",
        key="save_spec",
        help="What the report is made of. `sde report --spec FILE` makes the same report; this page opens it too.",
    )


def as_text(content: dict[str, Any]) -> str:
    """Return plain values as JSON; numbers that are not finite become null."""
    from sde_core.files.text_file import finite

    return json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)


def _about(state: "ShareState") -> list[str]:
    """Return what of other views is in the report without being asked for, and what is not."""
    found = []
    if state.series:
        found.append(
            f"With the checkpoints that Compare shows, {as_words(state.series)}: closed there, they go."
        )
    if state.batch:
        found.append(f"The report is of the whole set, not of the batch of {state.batch:,} pairs.")
    if state.spectra != "by modality":
        found.append(f"The report shows the spectra of both modalities, not the {state.spectra} spectrum.")
    return found
