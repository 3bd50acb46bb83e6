"""Directions of a set: the pairs' moments, the table of each spectrum, one direction read."""

import math
import time
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.vocabulary import Centring
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.exact import Best, best
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.cached.spectra import spectrum
from sde_explorer.subspaces.numbers import directions as numbers
from sde_explorer.subspaces.numbers.directions import Axes, DirectionTable, Reading, axes_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sde_core.checks.matrices import MatrixLike
    from sde_core.sets.embeddings import Floats

_Moments = tuple[sde.PairMoments | None, sde.PairMoments | None]


def table_of(data: Dataset, basis: str, center: str) -> DirectionTable:
    """Return what every direction of a spectrum holds.

    Args:
        data: the set.
        basis: "image", "text", "joint" or "cross".
        center: "removed" or "kept".

    Raises:
        SDEError: the spectrum cannot be made, such as a cross spectrum without pairs.
    """
    return _table(data.fingerprint, basis, center, data)


@st.cache_resource(max_entries=64, show_spinner="Reading all directions")
def _table(fingerprint: str, basis: str, center: str, _data: Dataset) -> DirectionTable:
    return numbers.direction_table(
        _axes(fingerprint, basis, center, _data), *_moments(fingerprint, _data.embeddings)
    )


def table_job(data: Dataset, basis: str, center: str) -> "Job[DirectionTable]":
    """Return the job that makes the table of a large set, which takes seconds; `table_of` then has it at once."""
    fingerprint = data.fingerprint
    return in_background(
        "direction table",
        f"direction table/{fingerprint}/{basis}/{center}",
        f"Reading all directions, {basis}",
        lambda _: _table(fingerprint, basis, center, data),
        lane="direction table",
    )


def reading(data: Dataset, basis: str, center: str, number: int, *, whole: bool = False) -> Reading:
    """Return one direction, read along all pictures and captions.

    Args:
        data: the set.
        basis: "image", "text", "joint" or "cross".
        center: "removed" or "kept".
        number: of the direction, from 1.
        whole: whether all pairs are shuffled; else a seeded sample of many.
    """
    return _reading(data.fingerprint, basis, center, str(number), _most(whole), data)[0]


@st.cache_resource(max_entries=128, show_spinner=False)
def _reading(
    fingerprint: str, basis: str, center: str, number: str, most: int, _data: Dataset
) -> tuple[Reading, float]:
    axes = _axes(fingerprint, basis, center, _data)
    begin = time.monotonic()
    centred = Centring(center) is Centring.MEAN
    found = numbers.read_direction(_data.embeddings, axes, int(number), centred=centred, most=most)
    return found, time.monotonic() - begin


def _most(whole: bool) -> int:
    return 0 if whole else numbers.NULL_PAIRS


def readings(data: Dataset, basis: str, center: str, number: int) -> Best:
    """Return the job whose result is the reading of a direction, of a sample of many pairs until all are asked for.

    Args:
        data: the set.
        basis: "image", "text", "joint" or "cross".
        center: "removed" or "kept".
        number: of the direction, from 1; all pairs are asked for of every direction at once.
    """
    of = f"{data.fingerprint}/{basis}/{center}"
    return best("direction", of, [partial(_reading_job, data, basis, center, number)])


def _reading_job(data: Dataset, basis: str, center: str, number: int, whole: bool) -> "Job[Reading]":
    key, title = f"direction/{data.fingerprint}/{basis}/{center}/{number}", f"Direction {number:,}, {basis}"
    if not whole:
        return Job.ended(
            key, title, *_reading(data.fingerprint, basis, center, str(number), _most(False), data)
        )
    return in_background(
        "direction all",
        f"{key}/all",
        f"{title}: all pairs shuffled",
        lambda _: reading(data, basis, center, number, whole=True),
        lane="direction all",
    )


def reading_figures(
    data: Dataset, basis: str, center: str, number: int, *, whole: bool = False
) -> "tuple[go.Figure, go.Figure | None]":
    """Return how coefficients are spread along a direction, and the null if there is a correlation.

    They do not depend on the thresholds, so that these are moved without drawing them again.
    """
    return _reading_figures(data.fingerprint, basis, center, str(number), _most(whole), data)


@st.cache_resource(max_entries=128, show_spinner=False)
def _reading_figures(
    fingerprint: str, basis: str, center: str, number: str, most: int, _data: Dataset
) -> "tuple[go.Figure, go.Figure | None]":
    from sde_explorer.subspaces.figures.directions import coefficients_figure, null_figure

    found, _ = _reading(fingerprint, basis, center, number, most, _data)
    return coefficients_figure(found), null_figure(found) if math.isfinite(found.correlation) else None


def joint_spectrum(data: Dataset, center: str) -> sde.Spectrum:
    """Return the spectrum of pictures and captions in one matrix, pair by pair."""
    return _joint(data.fingerprint, center, data.embeddings)


@st.cache_resource(max_entries=32, show_spinner="Decomposing both modalities together")
def _joint(fingerprint: str, center: str, _set: sde.EmbeddingSet) -> sde.Spectrum:
    return sde.compute_joint_spectrum(*_paired(_set), center=Centring(center))


@st.cache_resource(max_entries=32, show_spinner=False)
def _axes(fingerprint: str, basis: str, center: str, _data: Dataset) -> Axes:
    if basis == "joint":
        return axes_of(basis, joint_spectrum(_data, center))
    if basis == "cross":
        both = _paired(_data.embeddings)
        return axes_of(basis, sde.compute_cross_spectrum(*both, center=Centring(center)))
    return axes_of(basis, spectrum(_data, basis, center))


@st.cache_resource(max_entries=16, show_spinner="Comparing pictures with their captions")
def _moments(fingerprint: str, _set: sde.EmbeddingSet) -> _Moments:
    import torch

    from sde_core.checks.sphere import unit_rows

    if not (_set.primary_text >= 0).any():
        return None, None
    image, text = _set.paired()
    raw = sde.pair_moments(image, text)
    lengths = raw.image.trace(), raw.text.trace()
    spread = [float(abs(length - 1)) for length in lengths]
    if max(spread) < 1e-6 and all(_are_unit(rows) for rows in (image, text)):
        return raw, raw
    return raw, sde.pair_moments(
        unit_rows(image, "image", torch.float64), unit_rows(text, "text", torch.float64)
    )


def _are_unit(rows: "MatrixLike") -> bool:
    import torch

    lengths = torch.linalg.vector_norm(torch.as_tensor(rows), dim=1)
    return bool((lengths - 1).abs().max() < 1e-5)


def _paired(embeddings: sde.EmbeddingSet) -> "tuple[Floats, Floats]":
    if not (embeddings.primary_text >= 0).any():
        raise sde.DataError("no picture of this set has a caption: choose the directions of image or text")
    return embeddings.paired()
