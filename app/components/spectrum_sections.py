"""The parts of the Spectrum view below the spectra, one of them open at a time: only that one is computed."""

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import streamlit as st

from app import analysis, cache
from app.charts.batches import batches_figure
from app.charts.bulk import bulk_figure
from app.charts.centring import centring_figure
from app.charts.layout import CONFIG
from app.charts.spectrum import cumulative_figure
from app.components import spectrum_words, words
from app.components.cards import card_strip
from app.components.chart_columns import chart_columns
from app.components.clicks import take_size
from app.components.metric_cards import metric_cards
from app.components.pending import catch_up, growing, pending
from app.components.rules_table import rules_table
from app.state import Section

if TYPE_CHECKING:
    from app.analysis import BandReport, Draw, Reading, RuleResult
    from app.state import State

Shown = "list[tuple[Matrix, BandReport]]"


def sections(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    """Show the tabs, and in the open one its figures and words.

    Args:
        data: the open set.
        shown: the matrices of the page with their bands.
        state: of the dashboard.
    """
    draw = {
        "Is it noise?": _noise,
        "Energy and cone": _energy,
        "Batches": _batches,
        "Metrics": _metrics,
        "Rules": _rules,
    }
    names = get_args(Section)
    for name, tab in zip(
        names, st.tabs(names, key="section", bind="query-params", on_change="rerun"), strict=True
    ):
        if tab.open:
            with tab:
                draw[name](data, shown, state)


def _noise(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    reports = [report for _, report in shown]
    jobs = {matrix.kind: cache.chance(data, matrix) for matrix, _ in shown}
    chance = {kind: job.result.numpy() for kind, job in jobs.items() if job.status == "done"}
    left, right = chart_columns("bulk_and_chance")
    with left:
        st.plotly_chart(
            bulk_figure(reports, chance=chance),
            key="bulk_chart",
            config=CONFIG,
            alt="Histogram of singular values in noise edges, beside what pure noise and shuffles give.",
        )
    with right:
        cross = reports[0].modality == "cross"
        st.markdown("**What to see.** " + (words.BULK_CROSS_STORY if cross else words.BULK_STORY))
        for report in reports:
            if report.modality in chance:
                above = analysis.above_chance(report, chance[report.modality])
                st.markdown(spectrum_words.above_story(report, above, len(chance[report.modality])))
        st.caption(spectrum_words.CROSS_CHANCE_STORY if cross else spectrum_words.CHANCE_STORY)
        pending(list(jobs.values()))
    catch_up([job for name, job in jobs.items() if name not in chance])
    kind, sentence = words.fit_story(reports)
    if kind == "warning":
        st.warning(sentence, icon=":material/warning:")
    else:
        st.info(sentence, icon=":material/check_circle:")


def _energy(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    reports = [report for _, report in shown]
    left, right = chart_columns("energy_and_cone")
    with left:
        st.markdown("**How fast does the energy add up?**")
        st.plotly_chart(
            cumulative_figure(reports, unit=state.unit, xscale=state.xscale),
            key="energy_chart",
            config=CONFIG,
            alt=words.energy_story(reports),
        )
        st.caption(words.energy_story(reports))
    with right:
        st.markdown("**What does the mean hold?**")
        found = [cache.centring(data, matrix) for matrix, _ in shown]
        told = "  \n".join(spectrum_words.centring_story(one) for one in found)
        st.plotly_chart(centring_figure(found), key="centring_chart", config=CONFIG, alt=words.plain(told))
        st.markdown(told)
        st.caption(spectrum_words.CENTRING_STORY)


def _batches(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    jobs = [cache.batches(data, matrix, state.rule) for matrix, _ in shown]
    running = next((job for job in jobs if job.is_active), None)
    st.markdown(
        "**How much does a batch see?** A training loss partitions the batch in front of it, not the whole set."
    )

    def draw(_: object) -> None:
        drawn: list[tuple[Draw, ...]] = [job.result or job.partial or () for job in jobs]
        curves = [
            analysis.batch_curve(matrix.kind, draws, noise_factor=state.noise, strong_factor=state.strong)
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
    st.caption(spectrum_words.BATCH_STORY)


def _metrics(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    jobs = {matrix.kind: cache.chance(data, matrix) for matrix, _ in shown}
    rows = cache.row_metrics(data, state.batch, state.seed)
    chance = {kind: job.result.numpy() for kind, job in jobs.items() if job.status == "done"}
    reports = [report for _, report in shown if report.modality in chance]
    spectral = analysis.spectrum_readings(reports, chance) if reports else ()
    st.caption(spectrum_words.METRIC_STORY + _sample_sentence(data, state))
    cross = reports[0].modality == "cross" if reports else False

    def draw(readings: "tuple[Reading, ...]") -> None:
        card_strip(metric_cards((*spectral, *readings), pairs_shuffled=cross))

    pending(list(jobs.values()))
    catch_up([job for name, job in jobs.items() if name not in chance])
    if rows.status == "failed":
        draw(())
    growing(rows, draw)


def _sample_sentence(data: "cache.Dataset", state: "State") -> str:
    from app.analysis.metric_strip import SAMPLE

    there = min(state.batch or data.embeddings.n_images, data.embeddings.n_images)
    return f" Cone to hubness: a seeded sample of {SAMPLE:,} pairs." if there > SAMPLE else ""


def _rules(data: "cache.Dataset", shown: Shown, state: "State") -> None:
    for matrix, report in shown:
        job = cache.rules(data, matrix)
        by_hand = replace(report, fit_distance=None) if state.is_moved and report.cuts_by_size else None
        chosen = "shuffled pairs" if matrix.is_cross else state.rule

        def draw(
            results: "tuple[RuleResult, ...]",
            chosen: str = chosen,
            by_hand: "BandReport | None" = by_hand,
            kind: str = matrix.kind,
        ) -> None:
            st.html(rules_table(results, chosen=chosen, by_hand=by_hand))
            story = spectrum_words.rules_story(kind, results)
            if story:
                st.markdown(story)

        st.markdown(f"{spectrum_words.named(matrix.kind)}, {report.shape[0]:,} × {report.shape[1]}")
        growing(job, draw)
    st.caption(spectrum_words.RULES_STORY)
