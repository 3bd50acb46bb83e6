"""The second half of the main picture: what every treatment changes, a dot with its interval a row; and the finding."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.retrieval import words
from sde_explorer.retrieval.figures.table import difference_figure
from sde_explorer.retrieval.measured import Measured, live, progress
from sde_explorer.retrieval.numbers.table import METRICS, RAW, WAYS, RecallRow
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from sde_explorer.ui.frame import View

CHART = "recall_chart"
HEIGHT = 318
"""Pixels: the answered query above it and the tabs below share a window of 900."""
# Each has a sibling in the picture; all rows together would not leave room for their names.
_IN_THE_TABLE_ONLY = frozenset(
    (
        "all-but-the-top",
        "pca-truncation",
        "realign",
        "procrustes",
        "isoclip",
        "dynamic-inverted-softmax",
        "dbsn",
    )
)


def forest(view: "View", found: Measured) -> None:
    """Write the finding and draw the figure, which grows while rows are measured.

    Args:
        view: whose title is the finding.
        found: what is measured.
    """
    raw, treated = found.row(RAW), found.row(found.treated)
    if raw is not None:
        view.finding(words.finding(raw, treated, found.state, found.parts[1]), help=words.FINDING_TERMS)
    live(found, lambda rows: _draw(found, rows))


def _draw(found: Measured, rows: list[RecallRow]) -> None:
    metric, there = found.state.recall_metric, {row.name: row for row in rows}
    compared = [name for name in sde.comparison_names() if name != RAW and name not in _IN_THE_TABLE_ONLY]
    differences = {
        way: [
            there[name].compared.differences.get(f"{prefix}_{METRICS[metric]}") if name in there else None
            for name in compared
        ]
        for way, prefix in WAYS.items()
    }
    captions = {way: words.panel(there.get(RAW), way, metric, found.parts[1]) for way in WAYS}
    st.plotly_chart(
        difference_figure(compared, differences, metric=metric, captions=captions, height=HEIGHT),
        key=CHART,
        config=CONFIG,
        alt=f"Difference of {metric} to raw with 95 % interval, a dot a row. "
        + plain(" ".join(words.verdict_story(rows, metric))),
    )
    progress(found)
