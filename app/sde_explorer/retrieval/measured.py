"""What retrieval changes, measured: a chart of differences, the table, queries that moved, and the surface."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.retrieval import cached as cached_retrieval
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.table import difference_figure
from sde_explorer.retrieval.numbers.export import table_content, table_rows
from sde_explorer.retrieval.numbers.table import (
    METRICS,
    RAW,
    WAYS,
    Part,
    RecallRow,
    in_order,
    treatment_config,
)
from sde_explorer.retrieval.queries import recall_queries
from sde_explorer.retrieval.surface import recall_surface
from sde_explorer.retrieval.table import recall_table
from sde_explorer.retrieval.terms import HELP, ROWS
from sde_explorer.state import DEFAULT
from sde_explorer.ui.csv_text import csv_text
from sde_explorer.ui.fields import segments
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.followed import followed
from sde_explorer.ui.job_progress import job_error
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.words import as_text, plain

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.state import State

CHART = "recall_chart"
_STOPPED = "recall_stopped"


def recall_panel(data: "Dataset", state: "State") -> None:
    """Show the section; numbers appear as they are measured, beside the page.

    Args:
        data: the set.
        state: whose thresholds and curriculum two of the rows follow.
    """
    st.header("What does retrieval gain or lose?", anchor=False)
    try:
        fit, test = cached_retrieval.recall_parts(data, state.recall_captions)
    except sde.SDEError as error:
        st.info(
            f"Nothing to measure: {sentence_of(error)} Choose a larger part above, or another set.",
            icon=":material/straighten:",
        )
        return
    st.markdown(words.split_story(fit, test))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        segments("recall_metric", "Chart", help=HELP["recall_metric"])
        if data.embeddings.n_texts > len(set(data.embeddings.primary_text.tolist())):
            segments("recall_captions", "Captions", help=HELP["recall_captions"])
    if state.recall_row not in sde.comparison_names()[1:]:
        st.warning(
            f"The table has no row “{as_text(state.recall_row)}”: {DEFAULT.recall_row} is shown.",
            icon=":material/link_off:",
        )
        put(recall_row=DEFAULT.recall_row)
        state = current_state()
    if state.strong_mode == "adversarial":
        st.caption(words.ADVERSARIAL)
    jobs = _jobs(data, state)
    rows = _measured(jobs)
    active = [job for job in jobs if job.is_active]
    if active:
        _growing(jobs, active, state, _of(data, state))
    else:
        _shown(rows, state)
        _files(data, state, (fit, test), rows)
    recall_queries(data, state, test, rows, is_waiting=bool(active))
    recall_surface(data, state)


def _of(data: "Dataset", state: "State") -> tuple[object, ...]:
    """Return what the table depends on."""
    return (data.fingerprint, state.recall_captions, treatment_config(state))


def _jobs(data: "Dataset", state: "State") -> "list[Job]":
    """Return the jobs of the table; ones that were stopped stay so until somebody wants them to go on."""
    stopped = st.session_state.get(_STOPPED)
    if stopped is None or stopped[0] != _of(data, state):
        jobs = cached_retrieval.recall_jobs(data, state)
    else:
        jobs = stopped[1]
        st.info("Stopped; the rows that were done by then are shown.", icon=":material/stop_circle:")
        st.button(
            "Measure all rows",
            key="recall_again",
            icon=":material/play_arrow:",
            on_click=lambda: st.session_state.pop(_STOPPED, None),
        )
    for job in jobs:
        if job.status == "failed":
            st.error(job_error(job), icon=":material/error:")
    return jobs


def _measured(jobs: "list[Job]") -> list[RecallRow]:
    """Return the rows that are there already, raw first."""
    found: list[RecallRow] = []
    for job in jobs:
        some = job.result if job.status == "done" else job.partial
        found += some if isinstance(some, list) else []
    return in_order(found)


@followed
def _growing(jobs: "list[Job]", active: "list[Job]", state: "State", of: tuple[object, ...]) -> None:
    """Follow the jobs; the page is redrawn whenever one of them ends."""
    if not all(job.is_active for job in active):
        st.rerun()
    rows = _measured(jobs)
    left, right = st.columns([0.84, 0.16], vertical_alignment="center")
    total = len(sde.comparison_names())
    now = next((job for job in active if job.status == "running"), active[0])
    share = (len(rows) + sum(job.share for job in active)) / (total + len(active))
    left.progress(min(share, 1.0), f"**Measuring**: {now.note or 'starts'} · {len(rows)} of {total} rows")
    right.button(
        "Stop",
        key="recall_stop",
        icon=":material/stop_circle:",
        width="stretch",
        on_click=_stop,
        args=(jobs, of),
    )
    _shown(rows, state)


def _stop(jobs: "list[Job]", of: tuple[object, ...]) -> None:
    for job in jobs:
        job.cancel()
    st.session_state[_STOPPED] = (of, jobs)


def _shown(rows: list[RecallRow], state: "State") -> None:
    """Show chart, words and table of the rows that are measured."""
    if not rows:
        return
    metric, there = state.recall_metric, {row.name: row for row in rows}
    names = sde.comparison_names()
    compared = [name for name in names if name != RAW]
    st.plotly_chart(
        difference_figure(
            compared,
            {
                way: [
                    there[name].compared.differences.get(f"{prefix}_{METRICS[metric]}")
                    if name in there
                    else None
                    for name in compared
                ]
                for way, prefix in WAYS.items()
            },
            metric=metric,
        ),
        key=CHART,
        config=CONFIG,
        alt=f"Difference of {metric} to raw with 95 % interval, a dot a row. "
        + plain(" ".join(words.verdict_story(rows, metric))),
    )
    st.markdown("  \n".join(words.verdict_story(rows, metric)))
    st.html(recall_table(rows, names, chosen=state.recall_row))
    st.caption(words.INTERVAL_STORY)
    with st.expander("What each row does", icon=":material/help:"):
        st.markdown("\n".join(f"- **{name}**: {text}" for name, text in ROWS.items()))


def _files(data: "Dataset", state: "State", parts: tuple[Part, Part], rows: list[RecallRow]) -> None:
    if not rows:
        return
    name = f"retrieval-{data.fingerprint[:8]}"
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            lambda: csv_text(table_rows(rows)),
            f"{name}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "Table and parameters (JSON)",
            lambda: as_json(data, state, parts, rows),
            f"{name}.json",
            "application/json",
            on_click="ignore",
            icon=":material/data_object:",
        )


def as_json(data: "Dataset", state: "State", parts: tuple[Part, Part], rows: list[RecallRow]) -> str:
    """Return the table, the parameters of the page, and where the vectors come from."""
    parameters = asdict(state) | {"fingerprint": data.fingerprint, "version": sde.__version__}
    return json.dumps(table_content(data.embeddings, *parts, rows, parameters), indent=1, allow_nan=False)
