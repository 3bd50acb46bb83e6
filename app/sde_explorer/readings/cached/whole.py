"""All rows of a large set of which a sample is shown: what every view of them waits for, computed beside the page."""

from typing import TYPE_CHECKING

from sde_explorer.readings.cached import sets, spectra
from sde_explorer.readings.cached.background import begin_again, in_background
from sde_explorer.readings.matrices import Matrix

if TYPE_CHECKING:
    from sde_explorer.jobs import Job
    from sde_explorer.shared_state import SharedState

_LANE = "all rows"
_OPERATIONS_A_S = 2e10
"""Of products of matrices on two cores."""


def all_rows(state: "SharedState") -> "Job[None]":
    """Return the job after which the views show all rows at once: it decomposes them.

    Args:
        state: of the dashboard.

    Raises:
        DataError: as of `sets.dataset`.
    """
    whole, center, seconds = _whole(state), state.center, all_rows_s(state)

    def work(job: "Job[None]") -> None:
        kinds = whole.embeddings.modalities
        for i, kind in enumerate(kinds):
            share = i / len(kinds)
            job.report(share, f"{kind}, all rows", seconds_left=max(seconds * (1 - share), 0.0))
            spectra.spectrum(whole, kind, center)

    title = f"Decomposing all {whole.embeddings.n_rows:,} rows"
    return in_background("all rows", _key(whole, center), title, work, lane=_LANE)


def all_rows_s(state: "SharedState") -> float:
    """Return about how many seconds `all_rows` takes, by what the sample took, or by its size."""
    some = sets.dataset(sets.entry_of(state), state.part, sampled=True)
    kinds = some.embeddings.modalities
    took = sum(spectra.seconds_taken(some, Matrix(kind=kind, center=state.center)) for kind in kinds)
    if took:
        return took * some.drawn_from / some.embeddings.n_rows
    return 2 * some.drawn_from * some.embeddings.width**2 * len(kinds) / _OPERATIONS_A_S


def again(state: "SharedState") -> None:
    """Let it begin again where it was stopped or failed."""
    begin_again(_key(_whole(state), state.center))


def _whole(state: "SharedState") -> sets.Dataset:
    return sets.dataset(sets.entry_of(state), state.part)


def _key(whole: sets.Dataset, center: str) -> str:
    return f"all rows/{whole.fingerprint}/{center}"
