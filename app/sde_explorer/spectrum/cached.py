"""What stands beside the bands: the cone; in the background bootstrap, batches, rules and metrics of rows."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Cancelled
from sde_explorer.readings import metrics as numbers_metrics
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.exact import Best, best
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.cached.spectra import chance, matrix_spectrum
from sde_explorer.readings.matrices import Matrix, resampled_of, sides_of, spectrum_of
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import centring as numbers_centring
from sde_explorer.spectrum.numbers import rules as numbers_rules

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from sde_explorer.jobs import Job
    from sde_explorer.readings.metrics import Reading
    from sde_explorer.spectrum.numbers.batches import Draw
    from sde_explorer.spectrum.numbers.centring import Centring
    from sde_explorer.spectrum.numbers.rules import RuleResult

N_RESAMPLES = 100
BATCH_SHUFFLES = 19


def bootstrap(data: Dataset, matrix: Matrix) -> "Job":
    """Return the job whose result is (100, k): singular values of rows drawn again."""
    embeddings = data.embeddings

    def work(job: "Job") -> "torch.Tensor":
        import torch

        found = []
        sides = sides_of(embeddings, matrix)
        for values in resampled_of(sides, matrix, n_resamples=N_RESAMPLES):
            found.append(values)
            job.report(len(found) / N_RESAMPLES, f"{len(found)} of {N_RESAMPLES}")
        return torch.stack(found)

    key = f"bootstrap/{data.fingerprint}/{matrix}"
    return background.in_background(
        f"bootstrap {matrix.kind}", key, f"Drawing rows again, {matrix.kind}", work
    )


def picked(data: Dataset, matrix: Matrix, rows: tuple[int, ...]) -> "tuple[npt.NDArray[np.float64], int]":
    """Return the singular values of some pictures (or their captions), and of how many rows they are."""
    return _picked(data.fingerprint, matrix, rows, data.embeddings)


@st.cache_resource(max_entries=32, show_spinner="Decomposing what is picked")
def _picked(
    fingerprint: str, matrix: Matrix, rows: tuple[int, ...], _set: sde.EmbeddingSet
) -> "tuple[npt.NDArray[np.float64], int]":
    import numpy as np

    chosen = _set.select([row for row in rows if row < _set.n_rows])
    if matrix.kind != "image" and not chosen.n_texts:
        return np.zeros(0), 0
    sides = sides_of(chosen, matrix)
    return spectrum_of(sides, matrix).singular_values.double().cpu().numpy(), sum(len(side) for side in sides)


def centring(data: Dataset, matrix: Matrix) -> "Centring":
    """Return the spectrum with and without the mean.

    Raises:
        DataError: the set lacks captions or pairs that it needs.
    """
    return _centring(data.fingerprint, matrix, data.embeddings)


@st.cache_resource(max_entries=64, show_spinner="Taking the mean off and leaving it in")
def _centring(fingerprint: str, matrix: Matrix, _set: sde.EmbeddingSet) -> "Centring":
    return numbers_centring.centring(sides_of(_set, matrix), matrix.kind)


def batches(data: Dataset, matrix: Matrix, rule: str) -> "Job":
    """Return the job that draws batches of every size; its partial result is the tuple of those drawn so far."""
    embeddings = data.embeddings
    whole = Matrix(kind=matrix.kind, center=matrix.center, seed=matrix.seed)

    def work(job: "Job") -> "tuple[Draw, ...]":
        drawn: list[Draw] = []
        sizes = numbers_batches.batch_sizes(embeddings)
        for draw in numbers_batches.draw_batches(embeddings, whole, rule, n_shuffles=BATCH_SHUFFLES):
            drawn.append(draw)
            share = sum(sizes[: sizes.index(draw.size) + 1]) / sum(sizes)
            job.report(share, f"{draw.size:,} pairs", partial=tuple(drawn))
        return tuple(drawn)

    key = f"batches/{data.fingerprint}/{whole}/{rule}"
    return background.in_background(f"batches {matrix.kind}", key, f"Drawing batches, {matrix.kind}", work)


def rules(data: Dataset, matrix: Matrix) -> "Job":
    """Return the job that asks every rule; its partial result is the tuple of those that answered."""
    embeddings, spectrum, shuffles = data.embeddings, matrix_spectrum(data, matrix), chance(data, matrix)

    def work(job: "Job") -> "tuple[RuleResult, ...]":
        asked = numbers_rules.compared_rules(matrix)
        found: list[RuleResult] = []
        for result in numbers_rules.compare_rules(embeddings, matrix, spectrum, _shuffles(shuffles)):
            found.append(result)
            following = asked[len(found)] if len(found) < len(asked) else "done"
            job.report(len(found) / len(asked), following, partial=tuple(found))
        return tuple(found)

    key = f"rules/{data.fingerprint}/{matrix}"
    return background.in_background(f"rules {matrix.kind}", key, f"Comparing rules, {matrix.kind}", work)


def _shuffles(job: "Job") -> "torch.Tensor":
    import torch

    # The queue works in order of arrival, and the shuffles came first.
    job.wait()
    if job.status == "cancelled":  # another matrix was asked for meanwhile: this work is not wanted either
        raise Cancelled
    found = background.result_of(job)
    assert isinstance(found, torch.Tensor)
    return found


def row_metrics(data: Dataset, batch: int, seed: int) -> Best:
    """Return the job that measures the rows of the pairs; its partial result is the tuple of readings so far."""
    key = f"metrics/{data.fingerprint}/{batch}/{seed}"
    return best(
        "metrics", key, [partial(_row_metrics, data, Matrix(kind="joint", batch=batch, seed=seed), key)]
    )


def _row_metrics(data: Dataset, matrix: Matrix, key: str, whole: bool) -> "Job":
    embeddings = data.embeddings

    def work(job: "Job") -> "tuple[Reading, ...]":
        image, text = sides_of(embeddings, matrix)
        if not whole:
            image, text = numbers_metrics.sampled_pairs(image, text)
        found: list[Reading] = []
        for reading in numbers_metrics.row_readings(image, text):
            found.append(reading)
            job.report(len(found) / 6, f"{len(found)} of 6", partial=tuple(found))
        return tuple(found)

    if whole:
        return background.in_background(
            "metrics all", f"{key}/all", "Measuring all rows", work, lane="metrics all"
        )
    return background.in_background("metrics", key, "Measuring the rows", work)
