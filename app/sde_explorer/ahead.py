"""What the views show first of the bundled set, computed before somebody asks: one piece after another, when idle."""

import threading
from collections.abc import Callable, Iterator

from sde_core.errors import SDEError
from sde_core.vocabulary import MODALITIES
from sde_explorer.jobs import Job
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.serving import log
from sde_explorer.state import DEFAULT

_PAUSE_S = 0.1


def look_ahead() -> None:
    """Compute it, as jobs and caches that the views find; what fails is left to the view, which says so."""
    try:
        for ask in _pieces():
            wait_until_idle()
            for job in ask():
                job.wait()
    except (SDEError, OSError, ImportError) as error:
        log.tell("ahead", error=str(error))


def wait_until_idle() -> None:
    """Wait until nobody has asked for a view lately and no job runs: a visitor's own work comes first."""
    pause = threading.Event()
    while background.is_busy():
        pause.wait(_PAUSE_S)


def _pieces() -> Iterator[Callable[[], list[Job]]]:
    """Yield what to ask for, in the order in which visitors come to it; each returns the jobs to wait for."""
    from sde_explorer.readings.cached import knowledge, spectra
    from sde_explorer.readings.cached.headline import headline
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.retrieval.cached import recall_jobs
    from sde_explorer.search import cached as search

    state = DEFAULT
    data = cached_sets.dataset(cached_sets.entry_of(state))

    def numbers() -> list[Job]:
        spectra.bands(data, state, MODALITIES)
        headline(data)
        return []

    yield numbers
    yield lambda: [knowledge.knowledge(data, state, state.known_of)]
    yield lambda: [search.index_before(data, "image"), search.encoder_job(data)]
    yield lambda: recall_jobs(data, state, baselines=False)
    yield lambda: [spectra.chance(data, Matrix(kind=kind, center=state.center)) for kind in MODALITIES]
