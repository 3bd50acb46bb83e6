"""How a training goes: numbers and charts that follow it while it runs."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from sde_core.vocabulary import DIRECTIONS, KS
from sde_explorer.training import words
from sde_explorer.training.figures.replay import replay_figure
from sde_explorer.training.figures.run import loss_figure, rank_gap_figure, recall_figure, shares_figure
from sde_explorer.training.figures.spectra import before_now_figure, waterfall_figure
from sde_explorer.training.table import shares_table
from sde_explorer.ui.cards import Card, Number, card_strip
from sde_explorer.ui.chart_columns import chart_columns
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.frame import PICTURE_HEIGHT, how_to_read
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.words import as_text, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sde_explorer.training.numbers.run import RunLog, TrainingLog
    from sde_explorer.ui.frame import View

_WAYS = {f"{way}_recall@10": way.label for way in reversed(DIRECTIONS)}


def shown_runs(log: "TrainingLog") -> "list[RunLog]":
    """Return the runs of which there is something to draw, two at most."""
    return [run for run in list(log.runs.values())[:2] if run.looks and run.spectra]


def training_picture(view: "View", log: "TrainingLog", *, replays: bool) -> bool:
    """Show title and main picture of what has been told so far; return whether there was anything to draw.

    Args:
        view: whose title and picture they are.
        log: of the training.
        replays: whether it can be played again: not while it runs.
    """
    _problems(list(log.runs.values())[:2])
    runs = shown_runs(log)
    if not runs:
        st.info("The first look at validation comes in a moment.", icon=":material/hourglass_empty:")
        return False
    view.finding(words.finding(runs), help=words.FINDING_TERMS)
    st.plotly_chart(
        replay_figure(runs, replays=replays, height=PICTURE_HEIGHT),
        key="training_picture",
        config=CONFIG,
        alt=plain(words.outcome(runs)),
    )
    return True


def training_tabs(
    view: "View", log: "TrainingLog", more: "Mapping[str, Callable[[], None]] | None" = None
) -> None:
    """Show what stands below the picture, one tab at a time.

    Args:
        view: whose tabs they are.
        log: of a training of which there is something to draw.
        more: further tabs.
    """
    runs = shown_runs(log)
    view.tabs(
        "training_part",
        {
            "Does it find more?": partial(_quality, runs),
            "Bands and rank": partial(_movement, runs),
            "Spectrum": partial(_spectra, runs),
            **(more or {}),
        },
    )


def _quality(runs: "Sequence[RunLog]") -> None:
    card_strip(_cards(runs))
    left, right = chart_columns("training_quality")
    with left:
        k = st.segmented_control("Cut-off", KS, default=10, required=True, key="training_k")
        st.plotly_chart(
            recall_figure(runs, int(k or 10)), key="training_recall", config=CONFIG, alt=words.outcome(runs)
        )
    with right:
        st.plotly_chart(
            loss_figure(runs, height=340),
            key="training_loss",
            config=CONFIG,
            alt="Contrastive loss of the batches over the steps, and the spectral terms.",
        )
    split = ""
    if runs[0].started:
        split = (
            f"Validation: {runs[0].started['n_val']:,} pictures with all their captions; training on "
            f"{runs[0].started['n_train']:,}. {runs[0].started['split']}."
        )
    how_to_read(f"{words.outcome(runs)}\n\n{words.LOSS_STORY}\n\n{split}")


def _movement(runs: "Sequence[RunLog]") -> None:
    left, right = chart_columns("training_movement")
    with left:
        what = st.segmented_control(
            "Share of", ("energy", "directions"), default="energy", required=True, key="training_share"
        )
        st.plotly_chart(
            shares_figure(runs, str(what or "energy")),
            key="training_shares",
            config=CONFIG,
            alt="Share of strong, weak and noise over the steps; start and now are in the table below.",
        )
    with right:
        st.plotly_chart(
            rank_gap_figure(runs, height=340), key="training_rank", config=CONFIG, alt=words.rank_story(runs)
        )
    st.html(shares_table(runs))
    how_to_read(f"{words.rank_story(runs)}\n\n{words.SHARES_STORY}\n\n{words.PUBLISHED_STORY}")


def _spectra(runs: "Sequence[RunLog]") -> None:
    names = [run.name for run in runs]
    chosen = names[0]
    if len(names) > 1:
        chosen = (
            st.segmented_control("Run", names, default=names[0], required=True, key="training_run")
            or names[0]
        )
    run = next((r for r in runs if r.name == chosen), runs[0])
    left, right = chart_columns("training_spectra")
    left.plotly_chart(
        before_now_figure(run),
        key="training_spectrum",
        config=CONFIG,
        alt=f"Singular values of {run.name} at the start and at step {run.spectra[-1].step}.",
    )
    right.plotly_chart(
        waterfall_figure(run),
        key="training_waterfall",
        config=CONFIG,
        alt=f"By how much each singular value of {run.name} grew or shrank since the start, step by step.",
    )
    how_to_read(words.WATERFALL_STORY)


def _cards(runs: "Sequence[RunLog]") -> tuple[Card, ...]:
    cards = []
    for name, way in _WAYS.items():
        values = tuple(
            Number(f"{100 * run.looks[-1].values[name]:.1f}\u00a0%", run.name if len(runs) > 1 else "")
            for run in runs
        )
        start = runs[0].looks[0].values[name]
        cards.append(
            Card(label=f"R@10, {way}", numbers=values, below=f"start {100 * start:.1f} %", help=_RECALL_HELP)
        )
    gaps = tuple(Number(f"{run.spectra[-1].gap:.2f}", run.name if len(runs) > 1 else "") for run in runs)
    cards.append(
        Card(label="Modality gap", numbers=gaps, below=f"start {runs[0].spectra[0].gap:.2f}", help=_GAP_HELP)
    )
    return tuple(cards)


_RECALL_HELP = (
    "Share of validation queries whose partner is among the first ten. "
    "Gallery: all validation captions, or all validation pictures. Docs/method.md (6.15)."
)
_GAP_HELP = (
    "Distance of the mean picture and the mean caption, unit rows, on a fixed sample. Docs/method.md (6.8)."
)


def _problems(runs: "Sequence[RunLog]") -> None:
    for run in runs:
        if run.failed is not None:
            kept = run.failed.get("checkpoint")
            tail = " The last good checkpoint can be downloaded below." if kept else ""
            st.error(
                f"{as_text(run.name)}: {sentence_of(str(run.failed['reason']))}{tail}",
                icon=":material/error:",
            )
        elif run.warning:
            st.warning(f"{as_text(run.name)}: {sentence_of(run.warning)}", icon=":material/save:")
