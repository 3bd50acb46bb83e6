"""Spectrum: singular values of each modality, of both, of what they share; bands, chance, batches, metrics, rules."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.report.words import bands_finding
from sde_explorer.readings.cached import knowledge as cached_knowledge
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.matrices import Matrix, needs_chance
from sde_explorer.spectrum import cached as cached_spectrum
from sde_explorer.spectrum import words as spectrum_words
from sde_explorer.spectrum.controls import compare_rules, spectrum_controls
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import uncertainty as numbers_uncertainty
from sde_explorer.spectrum.sections import sections
from sde_explorer.ui import words
from sde_explorer.ui.figure_files import file_stem
from sde_explorer.ui.frame import open_view
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.session import current_state, put
from sde_explorer.ui.threshold_figure import threshold_figure

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.spectrum.numbers.uncertainty import Band
    from sde_explorer.spectrum.state import SpectrumState


def show() -> None:
    """Compose the view."""
    view = open_view("Spectrum")
    data = view.data
    sizes = numbers_batches.batch_sizes(data.embeddings)
    state = current_state()
    with view.controls:
        spectrum_controls(sizes)
        doubt = st.container(width="content")
    view.how_to_read(spectrum_words.how_to_read(state.spectra, state.overlay))
    matrices = _matrices(state, sizes)
    waiting = _waiting(data, matrices, state)
    shown: list[tuple[Matrix, Bands]] = []
    try:
        shown = [] if waiting else [(m, cached_spectra.matrix_bands(data, m, state)) for m in matrices]
    except sde.SDEError as error:
        error_box(error)
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
    view.finding(bands_finding(reports[0]), help=spectrum_words.FINDING_TERMS)
    if any(report.edge_is_doubtful for report in reports):
        with doubt:
            compare_rules("Compare rules", doubt="This spectrum is not pure noise below its edge.")
    with view.picture:
        _picture(data, shown, state)
    sections(view, shown, state)


def _matrices(state: "SpectrumState", sizes: tuple[int, ...]) -> "list[Matrix]":
    """Return what the page shows the spectra of; a batch of more pairs than there are is all of them."""
    batch = state.batch if sizes and state.batch < sizes[-1] else 0
    if state.batch and not batch:
        there = f"{sizes[-1]:,} pairs" if sizes else "no pairs"
        st.caption(f"This set has {there}, fewer than the {state.batch:,} of the link: everything is shown.")
    seed = state.seed if batch else 0
    return [Matrix(kind=kind, center=state.center, batch=batch, seed=seed) for kind in state.kinds]


def _waiting(data: "Dataset", matrices: "list[Matrix]", state: "SpectrumState") -> "list[Job]":
    """Return the jobs without which there are no bands: those that still run, or failed."""
    needed = [m for m in matrices if needs_chance(m, state.rule)]
    return [job for job in (cached_spectra.chance(data, m) for m in needed) if job.status != "done"]


def _picture(data: "Dataset", shown: "list[tuple[Matrix, Bands]]", state: "SpectrumState") -> None:
    reports = [report for _, report in shown]
    overlays, jobs = _overlays(data, shown, state)
    threshold_figure(
        reports,
        key="spectrum_figure" if len(reports) > 1 else "spectrum_figure_alone",
        factors=(state.noise, state.strong),
        on_release=lambda noise, strong: put(noise=noise, strong=strong),
        overlays=overlays,
        axes=(state.unit, state.xscale, state.yscale),
        alt=words.spectrum_alt(reports),
        name=f"{file_stem(state.data)}-spectrum",
        names=_names(data, state),
    )
    notes = words.moved_notes(reports)
    if state.overlay == "picked":
        notes.append(spectrum_words.picked_story(reports, overlays))
    if state.overlay == "bootstrap":
        notes += [
            spectrum_words.overlay_story(r, overlays[r.modality]) for r in reports if r.modality in overlays
        ]
    with st.container(key="spectrum_note"):  # its place is kept: the tabs stay where they are
        if notes:
            st.caption(" ".join(notes))
        pending(jobs, draws_partial=state.overlay == "chance")
    catch_up(jobs)


def _names(data: "Dataset", state: "SpectrumState") -> dict[str, tuple[str, ...]]:
    """Return the names of the directions that are known by now; what the metadata tell is asked for."""
    if state.spectra != "by modality" or state.batch:
        return {}
    for side in state.modalities if data.embeddings.metadata else ():
        cached_knowledge.knowledge(data, side, state.center)
    return {
        side: cached_knowledge.direction_names(data, side, state.center, state.names)
        for side in state.modalities
    }


def _overlays(
    data: "Dataset", shown: "list[tuple[Matrix, Bands]]", state: "SpectrumState"
) -> "tuple[dict[str, Band], list[Job]]":
    """Return the bands around the spectra that are there, and the jobs that compute the others."""
    if state.overlay == "none":
        return {}, []
    if state.overlay == "picked":
        return _picked(data, shown, state), []
    is_chance = state.overlay == "chance"
    ask, band = (
        (cached_spectra.chance, numbers_uncertainty.chance_band)
        if is_chance
        else (cached_spectrum.bootstrap, numbers_uncertainty.bootstrap_band)
    )
    found, jobs = {}, []
    for matrix, report in shown:
        job = ask(data, matrix)
        some = job.result if job.status == "done" else job.partial
        if some is not None:
            found[matrix.kind] = band(report, some.numpy())
        if job.status != "done":
            jobs.append(job)
    return found, jobs


def _picked(
    data: "Dataset", shown: "list[tuple[Matrix, Bands]]", state: "SpectrumState"
) -> "dict[str, Band]":
    """Return the spectra of what is picked; none of the cross spectrum, of a batch, or of a single row."""
    found = {}
    for matrix, report in shown:
        if state.rows and not (matrix.is_cross or matrix.batch):
            values, n_rows = cached_spectrum.picked(data, matrix, state.rows)
            if n_rows > 1:
                found[matrix.kind] = numbers_uncertainty.picked_line(report, values, n_rows)
    return found
