"""The headline numbers of a set, computed beside the page: of a large one some queries and pairs first, then more."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Job
from sde_explorer.readings import headline as numbers
from sde_explorer.readings.cached.background import begin_again, in_background, result_of
from sde_explorer.readings.kept import Kept

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

_EXACT = "headline_exact_asked"
_LANE = "headline"
_RECALL = Kept[numbers.Recall](classes=(numbers.Recall, sde.Interval))
_ALIGNED = Kept[numbers.Aligned](classes=(numbers.Aligned,))


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known by now.

    Attributes:
        headline: the numbers.
        missing: jobs without which the page lacks numbers.
        finer: jobs that ask more; what is shown changes only as a whole.
        exact_s: seconds that asking all queries takes, about; 0 where all are asked, or will be.
    """

    headline: numbers.Headline
    missing: tuple[Job, ...] = ()
    finer: tuple[Job, ...] = ()
    exact_s: float = 0.0


def headline(data: "Dataset") -> Known:
    """Return the headline numbers that are there; more of them are on their way. A small set is waited for."""
    embeddings = data.embeddings
    if not numbers.is_large(embeddings):
        found, near = _recall(data, 0), _aligned(data, whole=True)
        return Known(headline=numbers.Headline(recall=result_of(found), aligned=result_of(near)))
    is_exact = st.session_state.get(_EXACT) == data.fingerprint
    steps = (*numbers.STEPS, *((0,) if is_exact else ()))
    asked, asking = _last(_recall(data, step) for step in steps)
    measured, measuring = _last(_aligned(data, whole=whole) for whole in (False, True))
    here = numbers.Headline(
        recall=None if asked is None else asked.result, aligned=None if measured is None else measured.result
    )
    seconds = 0.0
    if asked is not None and here.recall is not None and here.recall.n_asked and asking is None:
        seconds = asked.seconds * max(embeddings.n_images, embeddings.n_texts) / here.recall.n_asked
    ways = ((asked, asking), (measured, measuring))
    return Known(
        headline=here,
        missing=tuple(ahead for there, ahead in ways if there is None and ahead is not None),
        finer=tuple(ahead for there, ahead in ways if there is not None and ahead is not None),
        exact_s=seconds,
    )


def headline_by_now(data: "Dataset") -> numbers.Headline:
    """Return the best headline numbers that are there; where there are none, wait for the first."""
    known = headline(data)
    for job in known.missing:
        result_of(job)
    return headline(data).headline if known.missing else known.headline


def ask_all(data: "Dataset") -> None:
    """Ask all queries of a large set from now on; a stopped attempt begins again."""
    st.session_state[_EXACT] = data.fingerprint
    begin_again(_key(data, 0))


def _last(jobs: Iterable[Job]) -> tuple[Job | None, Job | None]:
    """Return the last job that is done, and the next one unless a person stopped it; each waits for the one before."""
    done = None
    for job in jobs:
        if job.status != "done":
            return done, (None if job.was_stopped else job)
        done = job
    return done, None


def _key(data: "Dataset", queries: int) -> str:
    return f"headline/recall/{data.fingerprint}/{queries}"


def _recall(data: "Dataset", queries: int) -> "Job[numbers.Recall]":
    embeddings, is_large = data.embeddings, numbers.is_large(data.embeddings)

    def work(job: "Job[numbers.Recall]") -> numbers.Recall:
        def report(share: float, note: str) -> None:
            job.report(share, note, seconds_left=job.left_at(share))

        return numbers.recall(embeddings, queries, report if is_large else None)

    title = f"Retrieval, {queries:,} queries each way" if queries else "Retrieval, all queries"
    return in_background(
        f"headline recall {queries}", _key(data, queries), title, work, lane=_LANE, kept=_RECALL
    )


def _aligned(data: "Dataset", *, whole: bool) -> "Job[numbers.Aligned]":
    embeddings = data.embeddings
    title = "Gap, cones and CKA" if whole else "Gap, cones and CKA of some pairs"
    return in_background(
        f"headline aligned {whole}",
        f"headline/aligned/{data.fingerprint}/{whole}",
        title,
        lambda _: numbers.aligned(embeddings, whole=whole),
        lane=_LANE,
        kept=_ALIGNED,
    )
