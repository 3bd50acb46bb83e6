"""What the views show first of the bundled sets, computed before somebody asks: one piece after another, when idle."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sde_core.errors import SDEError
from sde_core.files import bundled
from sde_core.vocabulary import MODALITIES
from sde_explorer.jobs import Job
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving import log
from sde_explorer.state import DEFAULT

_PAUSE_S = 0.1


def look_ahead(*, names: Sequence[str] = bundled.PAIR_SETS) -> None:
    """Compute it, as jobs and caches that the views find; what fails is left to the view, which says so.

    Args:
        names: of the bundled sets; first what every view begins with, of each, then what takes longer.
    """
    states, begin = [replace(DEFAULT, data=name) for name in names], time.monotonic()
    try:
        for pieces in (first_pieces, slow_pieces):
            for state in states:
                for ask in pieces(cached_sets.dataset(cached_sets.entry_of(state))):
                    wait_until_idle()
                    for job in ask():
                        job.wait()
        log.tell("looked ahead", sets=list(names), seconds=round(time.monotonic() - begin, 1))
    except (SDEError, OSError, ImportError) as error:
        log.tell("ahead", error=str(error))


def wait_until_idle() -> None:
    """Wait until nobody has asked for a view lately and no job runs: a visitor's own work comes first."""
    pause = threading.Event()
    while background.is_busy():
        pause.wait(_PAUSE_S)


def first_pieces(data: cached_sets.Dataset) -> Iterator[Callable[[], list[Job]]]:
    """Yield what to ask for, in the order in which visitors come to it; each returns the jobs to wait for."""
    from sde_explorer.readings.cached import knowledge, spectra
    from sde_explorer.readings.cached.headline import headline
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.retrieval.cached import recall_jobs
    from sde_explorer.search import cached as search

    state = DEFAULT

    def numbers() -> list[Job]:
        spectra.bands(data, state, MODALITIES)
        headline(data)
        return []

    yield numbers
    yield lambda: [knowledge.knowledge(data, state, state.known_of)]
    yield lambda: [search.index_before(data, "image"), search.encoder_job(data)]
    yield lambda: recall_jobs(data, state, baselines=False)
    yield lambda: [spectra.chance(data, Matrix(kind=kind, center=state.center)) for kind in MODALITIES]


def slow_pieces(data: cached_sets.Dataset) -> Iterator[Callable[[], list[Job]]]:
    """Yield what takes seconds: the baselines of Retrieval, and what directions are named after."""
    from sde_explorer.readings.cached import knowledge
    from sde_explorer.retrieval.cached import recall_jobs

    yield lambda: recall_jobs(data, DEFAULT)
    yield lambda: [knowledge.further(data, DEFAULT, DEFAULT.basis, intervals=False)]
