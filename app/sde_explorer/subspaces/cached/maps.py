"""Maps of a set: where its points lie, and what may colour them."""

import hashlib

import numpy as np
import numpy.typing as npt
import streamlit as st

import sde_core as sde
from sde_explorer.jobs import Job, queue
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.energies import band_shares
from sde_explorer.readings.cached.sets import Dataset, cache_folder
from sde_explorer.readings.cached.spectra import spectrum
from sde_explorer.subspaces.cached.directions import joint_spectrum
from sde_explorer.subspaces.map_job import umap_job
from sde_explorer.subspaces.numbers.maps import (
    BAND_COLOURS,
    Colours,
    MapRows,
    band_colours,
    column_colours,
    columns_of,
    map_rows,
    vector_blocks,
    vectors_of,
)
from sde_explorer.subspaces.state import SubspacesState

Floats = npt.NDArray[np.float32]
_READ_S, POINT_S = 2.0, 0.004
"""Seconds below which a map was read and not laid out; seconds that the layout of one point takes on two cores."""


def rows_of_map(data: Dataset, state: SubspacesState) -> MapRows:
    """Return which rows the map of the state shows: PCA all of them, UMAP so many as the state says."""
    limit = "" if state.map == "PCA" else state.map_points.replace(",", "")
    return _rows(data.fingerprint, state.map_of, limit, data.embeddings)


@st.cache_resource(max_entries=32, show_spinner=False)
def _rows(fingerprint: str, of: str, limit: str, _set: sde.EmbeddingSet) -> MapRows:
    return map_rows(_set, of, int(limit) if limit else None)


def pca(data: Dataset, of: str) -> Floats:
    """Return the (p, 2) coordinates of all points along the two directions of most variance."""
    return _pca(data.fingerprint, of, data)


@st.cache_resource(max_entries=16, show_spinner="Laying out the map")
def _pca(fingerprint: str, of: str, _data: Dataset) -> Floats:
    rows = _rows(fingerprint, of, "", _data.embeddings)
    if of == "both":
        has_pairs = bool((_data.embeddings.primary_text >= 0).any())
        found = joint_spectrum(_data, "removed") if has_pairs else None
    else:
        found = spectrum(_data, of, "removed")
    if found is None:
        whole: Floats = sde.pca_map(vectors_of(_data.embeddings, rows)).cpu().numpy()
        return whole
    return np.concatenate(
        [sde.pca_map(block, found).cpu().numpy() for block in vector_blocks(_data.embeddings, rows)]
    )


def pca_job(data: Dataset, state: SubspacesState) -> Job:
    """Return the job that lays out and colours a map of many points; afterwards both are there at once."""
    thresholds = (
        (state.center, state.rule, state.noise, state.strong) if state.map_colour in BAND_COLOURS else ()
    )

    def work(job: Job) -> None:
        pca(data, state.map_of)
        job.report(0.5, "colouring")
        if thresholds:
            colours_by_band(data, state, BAND_COLOURS.index(state.map_colour))

    count = len(rows_of_map(data, state))
    key = f"map/{data.fingerprint}/{state.map_of}/{state.map_colour}/{thresholds}"
    return in_background("map", key, f"Map of {count:,} points", work, lane="map")


def umap(data: Dataset, state: SubspacesState) -> Job:
    """Return the job that lays out the UMAP of the state; it is not started here."""
    rows = rows_of_map(data, state)
    content = f"{data.fingerprint}/{state.map_of}/{len(rows)}"
    whose = {"image": "pictures", "text": "captions", "both": "pictures and captions"}[state.map_of]
    return umap_job(
        hashlib.sha256(content.encode()).hexdigest()[:24],
        f"UMAP of {len(rows):,} {whose}",
        lambda: vectors_of(data.embeddings, rows),
        cache_folder(),
    )


def umap_s(data: Dataset, state: SubspacesState, n_points: int) -> float:
    """Return about how many seconds a UMAP of more points takes, by what that of the state took here.

    Args:
        data: the set.
        state: whose map is laid out.
        n_points: of the other map.
    """
    known = queue.find(umap(data, state).key)
    took = known.seconds if known is not None and known.status == "done" else 0.0
    # One that was read from a file took no time: then what a point takes on two cores.
    each = took / len(rows_of_map(data, state)) if took > _READ_S else POINT_S
    return each * n_points


def colour_names(data: Dataset) -> tuple[str, ...]:
    """Return the metadata columns that can colour a map."""
    return _columns(data.fingerprint, data.embeddings)


@st.cache_resource(max_entries=32, show_spinner=False)
def _columns(fingerprint: str, _set: sde.EmbeddingSet) -> tuple[str, ...]:
    return columns_of(_set)


def colours_by_band(data: Dataset, state: SubspacesState, band: int) -> Colours:
    """Return the share of energy of each point of the map in a band, at the thresholds of the state."""
    rows = rows_of_map(data, state)
    empty = np.zeros((0, 3), np.float32)
    image = band_shares(data, state, "image")[rows.images] if len(rows.images) else empty
    text = band_shares(data, state, "text")[rows.texts] if len(rows.texts) else empty
    return band_colours(band, image, text)


def colours_by_column(data: Dataset, state: SubspacesState, name: str) -> Colours:
    """Return each point's value of a metadata column."""
    rows = rows_of_map(data, state)
    limit = "" if state.map == "PCA" else state.map_points.replace(",", "")
    return _column(data.fingerprint, state.map_of, limit, name, data.embeddings, rows)


@st.cache_resource(max_entries=16, show_spinner=False)
def _column(
    fingerprint: str, of: str, limit: str, name: str, _set: sde.EmbeddingSet, _shown: MapRows
) -> Colours:
    return column_colours(_set, _shown, name)
