"""The parts of the Spectrum view below the spectra, one of them open at a time: only that one is computed."""

from functools import partial
from typing import TYPE_CHECKING, TypeAlias, get_args

import streamlit as st

from sde_explorer.readings import metrics as numbers_metrics
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.readings.matrices import pair_rows
from sde_explorer.spectrum import cached as cached_spectrum
from sde_explorer.spectrum import words as spectrum_words
from sde_explorer.spectrum.clicks import take_size
from sde_explorer.spectrum.controls import compare_rules
from sde_explorer.spectrum.downloads import downloads
from sde_explorer.spectrum.figures.batches import batches_figure
from sde_explorer.spectrum.figures.bulk import bulk_figure
from sde_explorer.spectrum.figures.centring import centring_figure
from sde_explorer.spectrum.figures.spectrum import cumulative_figure
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import uncertainty as numbers_uncertainty
from sde_explorer.spectrum.rules_table import rules_table
from sde_explorer.spectrum.state import Section
from sde_explorer.ui import words
from sde_explorer.ui.bands_table import bands_table
from sde_explorer.ui.cards import card_strip
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import how_to_read
from sde_explorer.ui.metric_cards import metric_cards
from sde_explorer.ui.pending import catch_up, growing, pending

if TYPE_CHECKING:
    from sde_core.partition import Bands
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.readings.matrices import Matrix
    from sde_explorer.readings.metrics import Reading
    from sde_explorer.spectrum.numbers.batches import Draw
    from sde_explorer.spectrum.numbers.rules import RuleResult
    from sde_explorer.spectrum.state import SpectrumState
    from sde_explorer.ui.frame import View

Shown: TypeAlias = "list[tuple[Matrix, Bands]]"


def sections(view: "View", shown: Shown, state: "SpectrumState") -> None:
    """Show the tabs, and in the open one its figures and words.

    Args:
        view: whose tabs they are.
        shown: the matrices of the page with their bands.
        state: of the dashboard.
    """
    draw = {
        "Is it noise?": _noise,
        "Energy and cone": _energy,
        "Rules": _rules,
        "Batches": _batches,
        "Metrics": _metrics,
        "Files": _files,
    }
    view.tabs("section", {name: partial(draw[name], view.data, shown, state) for name in get_args(Section)})


def _noise(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    reports = [report for _, report in shown]
    jobs = {matrix.kind: cached_spectra.chance(data, matrix) for matrix, _ in shown}
    chance = {kind: job.result.numpy() for kind, job in jobs.items() if job.status == "done"}
    left, right = chart_columns("bulk_and_chance", (0.62, 0.38))
    with left:
        st.plotly_chart(
            bulk_figure(reports, chance=chance),
            key="bulk_chart",
            config=CONFIG,
            alt="Histogram of singular values in noise edges, beside what pure noise and shuffles give.",
        )
    with right:
        for report in reports:
            if report.modality in chance:
                above = numbers_uncertainty.above_chance(report, chance[report.modality])
                st.markdown(spectrum_words.above_story(report, above, len(chance[report.modality])))
        _fit(reports)
        cross = reports[0].modality == "cross"
        bars, which = (
            (words.BULK_CROSS_STORY, spectrum_words.CROSS_CHANCE_STORY)
            if cross
            else (words.BULK_STORY, spectrum_words.CHANCE_STORY)
        )
        how_to_read(f"{bars}\n\n{which}")
        pending(list(jobs.values()))
    catch_up([job for name, job in jobs.items() if name not in chance])


def _fit(reports: "list[Bands]") -> None:
    """Say whether the rule's law fits, and lead on where it does not."""
    kind, sentence = words.fit_story(reports)
    if kind == "warning":
        st.warning(sentence, icon=":material/warning:")
        compare_rules("Compare rules", key="compare_rules_here")
    else:
        st.info(sentence, icon=":material/check_circle:")


def _energy(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    reports = [report for _, report in shown]
    left, right = chart_columns("energy_and_cone")
    with left:
        st.plotly_chart(
            cumulative_figure(reports, unit=state.unit, xscale=state.xscale),
            key="energy_chart",
            config=CONFIG,
            alt=words.energy_story(reports),
        )
        st.markdown(words.energy_story(reports[:1], ends=False))
    with right:
        found = [cached_spectrum.centring(data, matrix) for matrix, _ in shown]
        told = "  \n".join(spectrum_words.centring_story(one) for one in found)
        st.plotly_chart(centring_figure(found), key="centring_chart", config=CONFIG, alt=words.plain(told))
        st.markdown(spectrum_words.centring_story(found[0]))
    st.html(bands_table(reports))
    how_to_read(
        f"{words.energy_story(reports)}\n\n{told}\n\n{spectrum_words.CENTRING_STORY}\n\n"
        f"{words.threshold_sentence(reports)}"
    )


def _files(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    downloads([report for _, report in shown], state, data)


def _batches(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    jobs = [cached_spectrum.batches(data, matrix, state.rule) for matrix, _ in shown]
    running = next((job for job in jobs if job.is_active), None)

    def draw(_: object) -> None:
        drawn: list[tuple[Draw, ...]] = [job.result or job.partial or () for job in jobs]
        curves = [
            numbers_batches.batch_curve(
                matrix.kind, draws, noise_factor=state.noise, strong_factor=state.strong
            )
            for (matrix, _), draws in zip(shown, drawn, strict=True)
            if draws
        ]
        told = "  \n".join(spectrum_words.batch_story(curve, state.batch) for curve in curves)
        st.plotly_chart(
            batches_figure(curves, chosen=state.batch),
            key="batches_chart",
            config=CONFIG,
            on_select=lambda: take_size("batches_chart"),
            selection_mode="points",
            alt=words.plain(told),
        )
        st.markdown(told)

    pending([job for job in jobs if job.status == "failed"])
    if running is not None:
        growing(running, draw)
    elif any(job.status == "done" for job in jobs):
        draw(None)
    how_to_read(spectrum_words.BATCH_STORY)


def _metrics(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    jobs = {matrix.kind: cached_spectra.chance(data, matrix) for matrix, _ in shown}
    measured = cached_spectrum.row_metrics(data, state.batch, state.seed)
    [rows] = measured.jobs
    chance = {kind: job.result.numpy() for kind, job in jobs.items() if job.status == "done"}
    reports = [report for _, report in shown if report.modality in chance]
    spectral = numbers_metrics.spectrum_readings(reports, chance) if reports else ()
    how_to_read(spectrum_words.METRIC_STORY)
    cross = reports[0].modality == "cross" if reports else False

    def draw(readings: "tuple[Reading, ...]") -> None:
        card_strip(metric_cards((*spectral, *readings), pairs_shuffled=cross))

    pending(list(jobs.values()))
    catch_up([job for name, job in jobs.items() if name not in chance])
    if rows.status == "failed":
        draw(())
    growing(rows, draw)
    count = len(pair_rows(data.embeddings))
    there = min(state.batch or count, count)
    sampled = there if "/all" in rows.key else min(numbers_metrics.SAMPLE, there)
    exact_rows(measured, what="pairs", n_rows=sampled, total=there, power=2.0)


def _rules(data: "Dataset", shown: Shown, state: "SpectrumState") -> None:
    for matrix, report in shown:
        job = cached_spectrum.rules(data, matrix)
        by_hand = report if report.is_moved else None
        chosen = "shuffled pairs" if matrix.is_cross else state.rule

        def draw(
            results: "tuple[RuleResult, ...]",
            chosen: str = chosen,
            by_hand: "Bands | None" = by_hand,
            kind: str = matrix.kind,
        ) -> None:
            st.html(rules_table(results, chosen=chosen, by_hand=by_hand))
            story = spectrum_words.rules_story(kind, results)
            if story:
                st.markdown(story)

        st.markdown(f"{spectrum_words.named(matrix.kind)}, {report.shape[0]:,} × {report.shape[1]}")
        growing(job, draw)
    how_to_read(spectrum_words.RULES_STORY)
