"""What the gap between images and texts of a set is made of, in a picture and a sentence."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.exact import Best, best
from sde_explorer.subspaces.figures.gap import PARTS, gap_figure
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.figures.layout import CONFIG
from sde_explorer.ui.figures.palette import word
from sde_explorer.ui.pending import pending
from sde_explorer.ui.words import plain

if TYPE_CHECKING:
    from torch import Tensor

    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.state import SubspacesState

MOST_PAIRS = 20_000
_SAID = {
    "centroid": "the distance of the means",
    "trace": "other sizes of the clouds",
    "covariance": "other shapes of the spectra",
    "rotation": "other directions",
}
STORY = (
    "The squared Fréchet distance of both clouds of unit rows; parts, bands and directions add up to it. A shift takes "
    "away the means alone. Directions are those of both modalities about their own means."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The gap of a set.

    Attributes:
        parts: of it.
        labels: (r,) band of each direction.
        n_pairs: that were read.
        total: pairs that there are.
    """

    parts: sde.GapParts
    labels: "Tensor"
    n_pairs: int
    total: int


def gap_panel(data: "Dataset", state: "SubspacesState") -> None:
    """Show the parts of the gap, computed beside the page."""
    known = gap_jobs(data, state.rule)
    [job] = known.jobs
    if job.status == "done":
        found = job.result
        title = gap_title(found)
        st.markdown(title, help=STORY)
        st.plotly_chart(
            gap_figure(found.parts, found.labels),
            key="gap_chart",
            config=CONFIG,
            alt="Share of the squared distance of images and texts by part, band and direction. "
            + plain(title),
        )
        exact_rows(known, what="pairs", n_rows=found.n_pairs, total=found.total)
    pending([job])


def gap_jobs(data: "Dataset", rule: str) -> Best:
    """Return the job whose result is the gap of a set, of a sample of many pairs until all are asked for.

    Args:
        data: of both modalities.
        rule: of the bands.
    """
    return best("gap", f"{data.fingerprint}/{rule}", [partial(_gap_job, data, rule)])


def _gap_job(data: "Dataset", rule: str, whole: bool) -> "Job[Gap]":
    embeddings = data.embeddings
    gap_parts, gap_labels = (
        sde.gap_parts,
        sde.gap_labels,
    )  # imported here: a thread must not meet them half made

    def work(job: "Job[Gap]") -> Gap:
        job.report(0.0, "parts and directions")
        images, texts = embeddings.paired()
        rows = sample_rows(len(images), len(images) if whole else MOST_PAIRS)
        image, text = images[rows], texts[rows]
        parts = gap_parts(image, text)
        job.report(0.7, "bands")
        return Gap(parts=parts, labels=gap_labels(image, text, rule), n_pairs=len(rows), total=len(images))

    key, title = f"gap/{data.fingerprint}/{rule}", "What the gap is made of"
    if whole:
        return in_background("gap all", f"{key}/all", f"{title}, all pairs", work, lane="gap all")
    return in_background("gap", key, title, work)


def gap_title(found: Gap) -> str:
    """Return which part is the largest, what the means are, and in which band most of it lies."""
    parts, total = found.parts, found.parts.frechet_squared
    if total <= 0:
        return "Images and texts fill one cloud: there is no gap."
    sizes = {name: getattr(parts, name) / total for name in PARTS}
    largest = max(PARTS, key=lambda name: sizes[name])
    bands = [sum(pair) / total for pair in parts.by_band(found.labels)]
    band = BANDS[bands.index(max(bands))]
    means = "" if largest == "centroid" else f", {percent(sizes['centroid'])} the distance of the means"
    return (
        f"**{percent(sizes[largest])}** of the gap is {_SAID[largest]}{means}; {percent(max(bands))} of all of it lies "
        f"in {word(band)} directions. RMG {parts.relative:.2f}."
    )
