"""Spectra, partitions and bands of a set.

Everything here depends on the set and on frozen values. Moved thresholds are applied to what is kept, in
microseconds, and once for all parts of a page that read them.
"""

import time
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.partition import Bands
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.kept import Kept
from sde_explorer.readings.matrices import (
    FIRST_SHUFFLES,
    N_SHUFFLES,
    Matrix,
    chance_of,
    needs_chance,
    partition_of,
    sides_of,
    spectrum_of,
)

if TYPE_CHECKING:
    import torch

    from sde_core.partition import Bands
    from sde_explorer.jobs import Job
    from sde_explorer.shared_state import SharedState

_TIMES_KEPT = 256
_took: dict[tuple[str, Matrix], float] = {}


def spectrum(data: Dataset, modality: str, center: str) -> sde.Spectrum:
    """Return the spectrum of one modality."""
    return matrix_spectrum(data, Matrix(kind=modality, center=center))


def matrix_spectrum(data: Dataset, matrix: Matrix) -> sde.Spectrum:
    """Return the spectrum of a matrix of the set.

    Raises:
        DataError: the set lacks captions or pairs that it needs.
    """
    return _spectrum(data.fingerprint, matrix, data.embeddings)


def seconds_taken(data: Dataset, matrix: Matrix) -> float:
    """Return the seconds that the spectrum of a matrix of the set took; 0 where it was not computed here."""
    return _took.get((data.fingerprint, matrix), 0.0)


@st.cache_resource(max_entries=32, show_spinner="Decomposing the vectors")
def _spectrum(fingerprint: str, matrix: Matrix, _set: sde.EmbeddingSet) -> sde.Spectrum:
    begin = time.monotonic()
    found = spectrum_of(sides_of(_set, matrix), matrix)
    _took[fingerprint, matrix] = time.monotonic() - begin
    while len(_took) > _TIMES_KEPT:
        del _took[next(iter(_took))]
    return found


def chance(data: Dataset, matrix: Matrix) -> "Job[torch.Tensor]":
    """Return the job whose result is (19, k): singular values of shuffled columns, or of shuffled pairs.

    Its partial result is that of the first 3.
    """
    # The shuffles take the mean off, so that both centrings share them.
    centred = Matrix(kind=matrix.kind, batch=matrix.batch, seed=matrix.seed)
    what = "pairs" if matrix.is_cross else f"columns, {matrix.kind}"
    embeddings = data.embeddings

    def work(job: "Job[torch.Tensor]") -> "torch.Tensor":
        import torch

        found = []
        sides = sides_of(embeddings, centred)
        for values in chance_of(sides, centred, n_shuffles=N_SHUFFLES):
            found.append(values)
            first = torch.stack(found) if len(found) == FIRST_SHUFFLES else None
            left = (N_SHUFFLES - len(found)) * job.seconds / len(found)
            job.report(
                len(found) / N_SHUFFLES, f"{len(found)} of {N_SHUFFLES}", seconds_left=left, partial=first
            )
        return torch.stack(found)

    key = f"chance/{data.fingerprint}/{centred}"
    return background.in_background(f"chance {matrix.kind}", key, f"Shuffling {what}", work, kept=Kept())


def partition(data: Dataset, modality: str, center: str, rule: str) -> sde.Partition:
    """Return the rule's own partition of one modality."""
    return matrix_partition(data, Matrix(kind=modality, center=center), rule)


def matrix_partition(data: Dataset, matrix: Matrix, rule: str) -> sde.Partition:
    """Return the rule's own partition of a matrix; what needs shuffles waits for them.

    Raises:
        SDEError: the rule misses something.
    """
    shuffles = None
    if needs_chance(matrix, rule):
        with st.spinner("Shuffling"):
            shuffles = background.result_of(chance(data, matrix))
    # The cross spectrum knows one judge only.
    name = "pairs shuffled" if matrix.is_cross else rule
    return _partition(data.fingerprint, matrix, name, data.embeddings, shuffles)


@st.cache_resource(max_entries=256, show_spinner="Splitting the spectrum")
def _partition(
    fingerprint: str, matrix: Matrix, rule: str, _set: sde.EmbeddingSet, _shuffles: "torch.Tensor | None"
) -> sde.Partition:
    return partition_of(_set, matrix, _spectrum(fingerprint, matrix, _set), rule, _shuffles)


def bands(data: Dataset, state: "SharedState", modalities: tuple[str, ...]) -> "list[Bands]":
    """Return the bands of each modality with the state's thresholds, from all rows of the set.

    Raises:
        SDEError: the rule misses something.
    """
    matrices = [Matrix(kind=kind, center=state.center) for kind in modalities]
    return [matrix_bands(data, matrix, state) for matrix in matrices]


def matrix_bands(data: Dataset, matrix: Matrix, state: "SharedState") -> "Bands":
    """Return the bands of a matrix by the state's rule, with its thresholds.

    Raises:
        SDEError: the rule misses something.
    """
    own = matrix_partition(data, matrix, state.rule)
    name = "pairs shuffled" if matrix.is_cross else state.rule
    return _moved(data.fingerprint, matrix, name, (state.noise, state.strong), data.embeddings, own)


@st.cache_resource(max_entries=256, show_spinner=False)
def _moved(
    fingerprint: str,
    matrix: Matrix,
    rule: str,
    factors: tuple[float, float],
    _set: sde.EmbeddingSet,
    _own: sde.Partition,
) -> "Bands":
    return _bands(fingerprint, matrix, rule, _set, _own).moved(noise=factors[0], strong=factors[1])


@st.cache_resource(max_entries=256, show_spinner=False)
def _bands(
    fingerprint: str, matrix: Matrix, rule: str, _set: sde.EmbeddingSet, _own: sde.Partition
) -> "Bands":
    return Bands.of(_spectrum(fingerprint, matrix, _set), _own, modality=matrix.kind)
