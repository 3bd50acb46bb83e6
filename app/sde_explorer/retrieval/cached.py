"""The retrieval table and the surface over both thresholds: measured beside the page, kept by what they depend on."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.retrieval.places import FirstPlaces
from sde_core.treatments.sweep import SettingSweep
from sde_core.vocabulary import Direction
from sde_explorer.intake.names import data_name
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import in_background, result_of, shortest_lane
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.kept import Kept
from sde_explorer.retrieval.numbers.sampled import sampled
from sde_explorer.retrieval.numbers.surface import surface
from sde_explorer.retrieval.numbers.table import (
    QUICK_SCORES,
    RAW,
    TREATED,
    Ints,
    Part,
    RecallRow,
    baseline_rows,
    drawn_of,
    first_of,
    parts_of,
    recall_rows,
    treatment_config,
)

if TYPE_CHECKING:
    from sde_core.retrieval.bootstrap import DrawnMetrics
    from sde_explorer.retrieval.numbers.surface import Surface
    from sde_explorer.retrieval.state import RetrievalState


def recall_parts(data: Dataset, captions: str) -> tuple[Part, Part]:
    """Return the pictures that everything is fitted on, and those that it is reported on.

    Raises:
        DataError: the set is too small to be halved.
    """
    fit, test = _parts(data.fingerprint, captions, data.embeddings)
    return fit, test


@st.cache_resource(max_entries=4, show_spinner="Dividing the pictures")
def _parts(fingerprint: str, captions: str, _set: sde.EmbeddingSet) -> tuple[Part, ...]:
    return parts_of(_set, captions)


def asked_part(data: Dataset, captions: str, most: int) -> Part:
    """Return what everything is reported on, of which at most so many queries ask each way; 0 is all of them.

    Raises:
        DataError: the set is too small to be halved.
    """
    return _asked(data.fingerprint, captions, most, recall_parts(data, captions)[1])


@st.cache_resource(max_entries=8, show_spinner=False)
def _asked(fingerprint: str, captions: str, most: int, _part: Part) -> Part:
    return sampled(_part, most)


def recall_jobs(
    data: Dataset, state: "RetrievalState", most: int = 0, *, baselines: bool = True
) -> list[Job]:
    """Return the jobs whose results, and partial results, are rows of the table: raw, what follows the page, the rest.

    A moved threshold measures the rows that follow it again, and no other.

    Args:
        data: the set.
        state: of the dashboard.
        most: queries that ask each way; 0 is all of them.
        baselines: whether the rest is measured too.

    Raises:
        DataError: the set is too small to be halved.
    """
    fit, _ = recall_parts(data, state.recall_captions)
    test = asked_part(data, state.recall_captions, most)
    of = f"{data.fingerprint}/{state.recall_captions}/{most}"
    config = treatment_config(state)
    raw = _job("raw", of, (RAW,), fit, test, config, None)
    treated = _job("treated", f"{of}/{config.as_dict()}", TREATED, fit, test, config, raw)
    if not baselines:
        return [raw, treated]
    return [raw, treated, _job("baselines", of, baseline_rows(), fit, test, config, raw)]


def _job(
    slot: str,
    key: str,
    names: Sequence[str],
    fit: Part,
    test: Part,
    config: sde.TreatmentConfig,
    raw: Job | None,
) -> Job:
    def work(job: Job) -> list[RecallRow]:
        before = None if raw is None else _drawn(raw.key, result_of(raw))
        job.report(0.0, "fitting")
        treatments = _fitted(fit, config, names)
        found: list[RecallRow] = []

        def report(name: str, share: float) -> None:
            job.report(share, name)

        for row in recall_rows(test, treatments, report, raw=before):
            found.append(row)
            job.report(len(found) / len(treatments), row.name, partial=list(found))
        return found

    asked = test.asked
    n_asked = min(map(len, asked.values())) if asked else 0
    title = f"Retrieval, {n_asked:,} queries each way" if asked else "Retrieval"
    # Raw and what follows the page come first; the baselines wait for raw only.
    lane = _lane("recall baselines" if slot == "baselines" else "recall", test)
    part = f" {n_asked}" if asked else ""
    return in_background(
        f"recall {slot}{part}",
        f"recall/{slot}/{key}",
        title,
        work,
        lane=lane,
        kept=_kept_rows(fit, test, config) if _is_quick(test) else None,
    )


def _kept_rows(fit: Part, test: Part, config: sde.TreatmentConfig) -> Kept[list[RecallRow]]:
    """Return how rows of a small part are kept: what stands first for a query is looked up again."""

    def firsts(name: str) -> dict[Direction, Ints]:
        return first_of(test, next(row for row in _fitted(fit, config, (name,)) if row.name == name))

    def unpacked(kept: list[tuple[sde.ComparedRetrieval, float, bool]]) -> list[RecallRow]:
        return [
            RecallRow(compared=row, firsts=cache(partial(firsts, row.name)), gap=gap, moves=moves)
            for row, gap, moves in kept
        ]

    return Kept(
        classes=(
            sde.ComparedRetrieval,
            sde.Interval,
            sde.RetrievalRanks,
            sde.QueryRanks,
            FirstPlaces,
            SettingSweep,
        ),
        packed=lambda rows: [(row.compared, row.gap, row.moves) for row in rows],
        unpacked=unpacked,
    )


def _fitted(fit: Part, config: sde.TreatmentConfig, names: Sequence[str]) -> list[sde.Treatment]:
    made = fit.embeddings
    known = sde.fit_all(made.image, made.text, paired=made.paired(), config=config, names=names)
    return [row for row in known if row.name in names]


def _lane(name: str, test: Part) -> str:
    """Return where rows are measured: those of small sets beside each other; of a large one the vectors are copied."""
    return shortest_lane(name) if _is_small(test) else name


def _is_quick(test: Part) -> bool:
    """Return whether all queries of a small part ask."""
    return test.asked is None and _is_small(test)


def _is_small(test: Part) -> bool:
    return test.embeddings.n_images * test.embeddings.n_texts <= QUICK_SCORES


@st.cache_resource(max_entries=8, show_spinner=False)
def _drawn(key: str, _rows: list[RecallRow]) -> "DrawnMetrics":
    """Return what was drawn of the raw row: once for all thresholds that are compared with it."""
    return drawn_of(_rows[0])


def surface_job(data: Dataset, state: "RetrievalState", *, whole: bool = False) -> Job:
    """Return the job that measures the surface of the state's treatment; it is not started here.

    Args:
        data: the set.
        state: of the dashboard.
        whole: whether every picture of a large validation part chooses.
    """
    # The factors are the axes.
    config = replace(treatment_config(state), noise_factor=1.0, strong_factor=1.0)
    captions, embeddings = state.recall_captions, data.embeddings

    def work(job: Job) -> "Surface":
        def report(share: float, note: str, partial: "Surface | None") -> None:
            job.report(share, note, seconds_left=job.left_at(share), partial=partial)

        return surface(embeddings, config, captions, report, whole=whole)

    return Job(
        key=f"surface/{data.fingerprint}/{captions}/{config.as_dict()}{'/all' if whole else ''}",
        kind="surface",
        title=f"R@1 and gap over both thresholds, {data_name(state.data)}",
        work=work,
        device="surface",
    )
