"""Spectrum: singular values of each modality, of both, of what they share; bands, chance, batches, metrics, rules."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.matrices import Matrix, needs_chance
from sde_explorer.spectrum import cached as cached_spectrum
from sde_explorer.spectrum import words as spectrum_words
from sde_explorer.spectrum.clicks import take_click
from sde_explorer.spectrum.controls import how_to_read, spectrum_controls
from sde_explorer.spectrum.downloads import downloads
from sde_explorer.spectrum.figures.bands import bands_figure
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import uncertainty as numbers_uncertainty
from sde_explorer.spectrum.sections import sections
from sde_explorer.ui import words
from sde_explorer.ui.bands_table import bands_table
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.spectrum.numbers.uncertainty import Band
    from sde_explorer.state import State


def show() -> None:
    """Compose the view."""
    view = open_view("Spectrum")
    data = view.data
    sizes = numbers_batches.batch_sizes(data.embeddings)
    with view.controls:
        spectrum_controls(sizes)
    view.how_to_read(how_to_read())
    state = current_state()
    matrices = _matrices(state, sizes)
    waiting = _waiting(data, matrices, state)
    shown: list[tuple[Matrix, Bands]] = []
    try:
        shown = [] if waiting else [(m, cached_spectra.matrix_bands(data, m, state)) for m in matrices]
    except sde.SDEError as error:
        st.error(f"{str(error).rstrip('.')}.", icon=":material/error:")
    if waiting:
        st.markdown("The bands of this spectrum are judged by shuffles, which are on their way.")
        pending(waiting)
        catch_up(waiting)
    if not shown:
        return
    if not all(len(report.values) for _, report in shown):
        st.info(
            "All vectors are equal: there is no direction to show. Choose another part, more pairs, or keep the mean."
        )
        return
    reports = [report for _, report in shown]
    with view.picture:
        _spectrum(data, shown, state)
    _bands(reports)
    sections(view, shown, state)
    downloads(reports, state, data)


def _matrices(state: "State", sizes: tuple[int, ...]) -> "list[Matrix]":
    """Return what the page shows the spectra of; a batch of more pairs than there are is all of them."""
    batch = state.batch if sizes and state.batch < sizes[-1] else 0
    if state.batch and not batch:
        there = f"{sizes[-1]:,} pairs" if sizes else "no pairs"
        st.caption(f"This set has {there}, fewer than the {state.batch:,} of the link: everything is shown.")
    seed = state.seed if batch else 0
    return [Matrix(kind=kind, center=state.center, batch=batch, seed=seed) for kind in state.kinds]


def _waiting(data: "Dataset", matrices: "list[Matrix]", state: "State") -> "list[Job]":
    """Return the jobs without which there are no bands: those that still run, or failed."""
    needed = [m for m in matrices if needs_chance(m, state.rule)]
    return [job for job in (cached_spectra.chance(data, m) for m in needed) if job.status != "done"]


def _spectrum(data: "Dataset", shown: "list[tuple[Matrix, Bands]]", state: "State") -> None:
    reports = [report for _, report in shown]
    overlays, jobs = _overlays(data, shown, state)
    st.plotly_chart(
        spectrum_figure(
            reports, unit=state.unit, xscale=state.xscale, yscale=state.yscale, overlays=overlays
        ),
        key="spectrum_chart",
        config=CONFIG,
        on_select=lambda: take_click("spectrum_chart"),
        selection_mode="points",
        alt=words.spectrum_alt(reports),
    )
    st.markdown(words.spectrum_story(reports))
    notes = [
        spectrum_words.KIND_STORY[r.modality] for r in reports if r.modality in spectrum_words.KIND_STORY
    ]
    if all(r.cuts_by_size for r in reports):
        notes.append(words.CLICK_STORY)
    for report in reports:
        band = overlays.get(report.modality)
        if band is not None and not band.is_chance:
            notes.append(spectrum_words.overlay_story(report, band))
    st.caption("  \n".join(notes))
    pending(jobs)
    catch_up(jobs)


def _overlays(
    data: "Dataset", shown: "list[tuple[Matrix, Bands]]", state: "State"
) -> "tuple[dict[str, Band], list[Job]]":
    """Return the bands around the spectra that are there, and the jobs that compute the others."""
    if state.overlay == "none":
        return {}, []
    is_chance = state.overlay == "chance"
    ask, band = (
        (cached_spectra.chance, numbers_uncertainty.chance_band)
        if is_chance
        else (cached_spectrum.bootstrap, numbers_uncertainty.bootstrap_band)
    )
    found, jobs = {}, []
    for matrix, report in shown:
        job = ask(data, matrix)
        if job.status == "done":
            found[matrix.kind] = band(report, job.result.numpy())
        else:
            jobs.append(job)
    return found, jobs


def _bands(reports: "list[Bands]") -> None:
    left, right = st.columns([0.44, 0.56], gap="medium")
    with left:
        st.header("Few directions, how much energy?", anchor=False)
        st.plotly_chart(
            bands_figure(reports),
            key="bands_chart",
            config=CONFIG,
            alt="Share of directions and of energy in each band; the numbers are in the table.",
        )
    with right:
        st.header("Bands in numbers", anchor=False)
        st.html(bands_table(reports))
        st.caption(words.bands_story(reports))
