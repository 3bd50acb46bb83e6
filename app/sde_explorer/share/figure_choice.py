"""The main figures of all views, one at a time, each to be saved as PNG or SVG."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import streamlit as st

from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.matrices import Matrix
from sde_explorer.spectrum import cached as cached_spectrum
from sde_explorer.subspaces.cached import maps as cached_maps
from sde_explorer.ui.figure_files import figure_buttons, file_stem
from sde_explorer.ui.figures.layout import CONFIG

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.share.state import ShareState

CHART = "share_chart"
Draw = Callable[["Dataset", "ShareState"], "go.Figure"]


def share_figures(data: "Dataset", state: "ShareState") -> None:
    """Show one figure as it will be in the file, and the buttons that save it."""
    chosen = st.selectbox("Figure", list(FIGURES), key="share_figure", width=360)
    st.plotly_chart(
        FIGURES[chosen](data, state),
        key=CHART,
        config=CONFIG,
        alt=f"{chosen}, as the view shows it with these thresholds.",
    )
    figure_buttons(CHART, f"{file_stem(state.data)}-{file_stem(chosen).lower()}")
    st.caption(
        "Saved as it stands here, zoom included, on the colour of the page: choose the light theme in the menu above "
        "for a figure on white. PNG at twice the size. In every view the tool bar of a figure has the same two buttons."
    )


def _spectrum(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.spectrum.figures.spectrum import spectrum_figure

    found = cached_spectra.bands(data, state, state.modalities)
    return spectrum_figure(found, unit=state.unit, xscale=state.xscale, yscale=state.yscale)


def _bands(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.spectrum.figures.bands import bands_figure

    return bands_figure(cached_spectra.bands(data, state, state.modalities))


def _energy(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.spectrum.figures.spectrum import cumulative_figure

    found = cached_spectra.bands(data, state, state.modalities)
    return cumulative_figure(found, unit=state.unit, xscale=state.xscale)


def _bulk(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.spectrum.figures.bulk import bulk_figure

    return bulk_figure(cached_spectra.bands(data, state, state.modalities))


def _cone(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.spectrum.figures.centring import centring_figure

    matrices = [Matrix(kind=kind, center=state.center) for kind in state.modalities]
    return centring_figure([cached_spectrum.centring(data, matrix) for matrix in matrices])


def _map(data: "Dataset", state: "ShareState") -> "go.Figure":
    from dataclasses import replace

    from sde_explorer.subspaces.figures.maps import map_figure
    from sde_explorer.subspaces.numbers.maps import density, ids_of, shown_points

    asked = replace(state, map="PCA")
    rows, flat = cached_maps.rows_of_map(data, asked), cached_maps.pca(data, state.map_of)
    shown = shown_points(flat)
    return map_figure(
        flat,
        ids_of(data.embeddings, rows),
        cached_maps.colours_by_band(data, asked, 0),
        shown,
        kind="PCA",
        grid=density(flat) if shown.is_density else None,
        n_images=data.embeddings.n_images,
    )


def _moment(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.curriculum.figures.moment import moment_figure

    return moment_figure(
        cached_curriculum.gains(data, state, state.modalities),
        schedules=numbers_gains.schedules_of(numbers_gains.curriculum_of(state)),
        schedule=state.schedule,
        xscale=state.xscale,
        yscale=state.yscale,
    )


def _gains(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.curriculum.figures.gains import curves_figure

    return curves_figure(cached_curriculum.gains(data, state, state.modalities), followed=state.followed)


def _waterfall(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.curriculum.figures.gains import waterfall_figure

    return waterfall_figure(cached_curriculum.gains(data, state, state.modalities))


def _certificate(data: "Dataset", state: "ShareState") -> "go.Figure":
    from sde_explorer.curriculum.figures.certificate import certificate_figure

    found = cached_curriculum.certificates(data, state, state.modalities)
    return certificate_figure({report.modality: report.lines for report in found})


FIGURES = cast(
    "dict[str, Draw]",
    {
        "Singular spectra": _spectrum,
        "Bands": _bands,
        "Cumulative energy": _energy,
        "Bulk beside noise": _bulk,
        "What the mean holds": _cone,
        "Map, PCA": _map,
        "Enhanced spectrum at t": _moment,
        "Gains over training": _gains,
        "Every direction, every moment": _waterfall,
        "Certificate": _certificate,
    },
)
"""Name for people -> what draws it."""
