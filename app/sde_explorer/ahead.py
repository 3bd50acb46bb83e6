"""What the views show first, computed before somebody asks: of the bundled sets, and of what visitors look at.

Two pieces are computed beside each other, so that the second core of a small server does not wait for the first.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from sde_core.errors import SDEError
from sde_core.files import bundled
from sde_core.vocabulary import MODALITIES, Modality
from sde_explorer.jobs import Job
from sde_explorer.readings import headline as headline_numbers
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached.background import AT_ONCE
from sde_explorer.serving import log
from sde_explorer.serving.policy import current
from sde_explorer.state import DEFAULT, State
from sde_explorer.ui.session import current_state

Ask = Callable[[], list[Job]]
"""Asks for something, and returns the jobs to wait for."""
STOOD_S = 1.0
"""Thresholds that a visitor moved are followed once they have stood so long: a drag asks for nothing."""
_PAUSE_S = 0.1
_SPLIT = "split="


def look_ahead(*, names: Sequence[str] = bundled.PAIR_SETS) -> None:
    """Compute it, as jobs and caches that the views find; what fails is left to the view, which says so.

    Args:
        names: of the bundled sets; first what every view begins with, of each, then what takes longer: of the part
            that a set opens on, then of all of it. Where many use the server, of their other splits too.
    """
    begin = time.monotonic()
    try:
        parts = [(name, cached_sets.opening_part(name, DEFAULT.encoder)) for name in names]
        parts += [(name, ()) for name, part in parts if part]
        if not current().one_user:
            parts += [
                (name, (part,))
                for name in names
                for part in _opened(replace(DEFAULT, data=name)).filters
                if part.startswith(_SPLIT) and (name, (part,)) not in parts
            ]
        data = [_opened(replace(DEFAULT, data=name, part=part)) for name, part in parts]
        for pieces in (first_pieces, slow_pieces):
            _ask_all(ask for one in data for ask in pieces(one))
        log.tell("looked ahead", sets=list(names), seconds=round(time.monotonic() - begin, 1))
    except (SDEError, OSError, ImportError) as error:
        log.tell("ahead", error=str(error))


def _opened(state: State) -> cached_sets.Dataset:
    return cached_sets.dataset(cached_sets.entry_of(state), state.part)


def _ask_all(asks: Iterable[Ask]) -> None:
    """Ask for all, some beside each other, while nobody asks for a view; raise the first error."""
    left, lock, failed = iter(asks), threading.Lock(), list[Exception]()

    def work() -> None:
        try:
            while not failed:
                with lock:
                    ask = next(left, None)
                if ask is None:
                    return
                wait_until_idle(beside=AT_ONCE - 1)
                for job in ask():
                    job.wait()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, daemon=True, name=f"ahead-{i}") for i in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def wait_until_idle(*, beside: int = 0) -> None:
    """Wait until nobody has asked for a view lately and no job runs: a visitor's own work comes first.

    Args:
        beside: so many jobs may run.
    """
    pause = threading.Event()
    while background.is_busy(beside=beside):
        pause.wait(_PAUSE_S)


def first_pieces(data: cached_sets.Dataset) -> Iterator[Ask]:
    """Yield what to ask for, in the order in which visitors come to it."""
    from sde_explorer.readings.cached import knowledge, spectra
    from sde_explorer.readings.cached.headline import headline
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.retrieval.cached import recall_jobs
    from sde_explorer.search import cached as search
    from sde_explorer.subspaces.cached import directions

    state = DEFAULT

    def numbers() -> list[Job]:
        spectra.bands(data, state, MODALITIES)
        headline(data)
        return []

    def first_direction() -> list[Job]:
        directions.table_of(data, state.basis, state.center)
        directions.reading_figures(data, state.basis, state.center, state.direction)
        return []

    yield numbers
    yield lambda: [knowledge.knowledge(data, kind, state.center) for kind in MODALITIES]
    yield first_direction
    yield lambda: [search.index_before(data, "image"), search.encoder_job(data)]
    yield lambda: recall_jobs(data, state, baselines=False)
    yield lambda: [spectra.chance(data, Matrix(kind=kind, center=state.center)) for kind in MODALITIES]


def slow_pieces(data: cached_sets.Dataset) -> Iterator[Ask]:
    """Yield what takes seconds: the baselines of Retrieval, and what directions are named after."""
    from sde_explorer.readings.cached import knowledge
    from sde_explorer.retrieval.cached import recall_jobs

    yield lambda: recall_jobs(data, DEFAULT)
    yield lambda: [knowledge.names(data, DEFAULT.basis, DEFAULT.center)]


def next_pieces(data: cached_sets.Dataset, state: State) -> Iterator[Ask]:
    """Yield what the next views show of a set that a visitor looks at, without what takes the longest."""
    from sde_explorer.readings.cached import knowledge, spectra
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.retrieval.cached import recall_jobs
    from sde_explorer.search import cached as search

    gallery = "image" if state.find == "pictures" else "text"
    yield lambda: [spectra.chance(data, Matrix(kind=kind, center=state.center)) for kind in MODALITIES]
    if data.embeddings.metadata:
        yield lambda: [knowledge.knowledge(data, kind, state.center) for kind in MODALITIES]
        if state.given:
            yield lambda: [knowledge.knowledge(data, state.known_of, state.center, state.given)]
    if state.basis in tuple(Modality):
        yield lambda: [knowledge.names(data, state.basis, state.center)]
    yield lambda: [search.index_before(data, gallery), search.index_after(data, state, gallery)]
    yield lambda: recall_jobs(data, state, baselines=False)


def longest_pieces(data: cached_sets.Dataset, state: State) -> Iterator[Ask]:
    """Yield what takes the longest: the baselines of Retrieval."""
    from sde_explorer.retrieval.cached import recall_jobs

    yield lambda: recall_jobs(data, state)


@dataclass(frozen=True, slots=True)
class _Visit:
    data: cached_sets.Dataset
    state: State
    since: float


class Visits:
    """What visitors look at; what they come to next is computed in threads whenever fewer than `AT_ONCE` jobs run.

    Of each visitor the last look counts, and of all looks the pieces that are quick come first.
    """

    def __init__(self) -> None:
        self._new: OrderedDict[str, _Visit] = OrderedDict()
        self._begun: OrderedDict[str, _Visit] = OrderedDict()
        self._changed = threading.Condition()
        self._threads = 0

    def note(self, who: str, data: cached_sets.Dataset, state: State) -> None:
        """Note what a visitor looks at; sets with one modality, and large ones, are left to their views."""
        if len(data.embeddings.modalities) < 2 or headline_numbers.is_large(data.embeddings):
            return
        with self._changed:
            self._begun.pop(who, None)
            self._new.pop(who, None)
            self._new[who] = _Visit(data, state, time.monotonic())
            if self._threads < AT_ONCE:
                self._threads += 1
                threading.Thread(target=self._follow, daemon=True, name="ahead-visits").start()
            self._changed.notify()

    def is_done(self) -> bool:
        """Return whether nothing is left to be computed."""
        with self._changed:
            return self._threads == 0

    def _follow(self) -> None:
        while (found := self._next()) is not None:
            for ask in found:
                _ask_when_there_is_room(ask)

    def _next(self) -> Iterator[Ask] | None:
        """Return the next pieces, waiting until the oldest look has stood; None, and the thread ends, without any."""
        with self._changed:
            while self._new:
                who, visit = next(iter(self._new.items()))
                left = visit.since + STOOD_S - time.monotonic()
                if left <= 0:
                    self._begun[who] = self._new.pop(who)
                    return next_pieces(visit.data, visit.state)
                if self._begun:
                    break
                self._changed.wait(left)
            if self._begun:
                _, visit = self._begun.popitem(last=False)
                return longest_pieces(visit.data, visit.state)
            self._threads -= 1
            return None


visits = Visits()
"""Of this process."""


def follow_visitor() -> None:
    """Note what this session looks at, on a server of many visitors; one person's own computer is left in peace."""
    if current().one_user:
        return
    who, state = background.session(), current_state()
    try:
        data = cached_sets.shown(state)
    except (SDEError, OSError):  # the view has said so
        return
    seen = (data.fingerprint, state)
    if st.session_state.get("visit_noted") != seen:
        st.session_state["visit_noted"] = seen
        visits.note(who, data, state)


def _ask_when_there_is_room(ask: Ask) -> None:
    """Ask once fewer than `AT_ONCE` jobs of the page run; what fails is left to the view, which says so."""
    pause = threading.Event()
    while background.is_computing(beside=AT_ONCE - 1):
        pause.wait(_PAUSE_S)
    try:
        for job in ask():
            job.wait()
    except (SDEError, OSError, ImportError) as error:
        log.tell("ahead", error=str(error))
    except Exception as error:  # the thread goes on with other visitors
        log.unforeseen(error, kind="ahead")
