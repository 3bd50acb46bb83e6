"""What the gap between images and texts of a set is made of, in a picture and a sentence."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_core.glossary.formats import percent
from sde_core.vocabulary import BANDS
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.exact import Best, best
from sde_explorer.subspaces.figures.gap import PARTS, gap_figure
from sde_explorer.subspaces.figures.mixed import mixed_figure
from sde_explorer.ui.exact import exact_rows
from sde_explorer.ui.figures.palette import word
from sde_explorer.ui.pending import catch_up, pending
from sde_explorer.ui.titled_chart import titled_chart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset
    from sde_explorer.subspaces.state import SubspacesState

MOST_PAIRS, FIRST_PAIRS = 20_000, 4_000
"""Pairs of which the gap is taken apart, and those shown until it is; of more, a seeded sample."""
_SAID = {
    "centroid": "the distance of the means",
    "trace": "other sizes of the clouds",
    "covariance": "other shapes of the spectra",
    "rotation": "other directions",
}
MOST_LISTED, MOST_FITTED = 2_000, 10_000
"""Pictures of the mixed list, and those that treatments are fitted on; of more, a seeded sample."""
MIXED_STORY = (
    "Each thing stands as its image or as its first caption, each in one of two lists; its last caption asks. "
    "Treatments are fitted on the other half of the pictures. A second caption that repeats the first finds it easily."
)
ONE_CAPTION = "Search in one list of both needs pictures with two captions: one stands in the list, one asks."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """What treatments do to search in one list of images and texts.

    Attributes:
        rankings: by treatment, "raw" first.
        n_rows: held-out pictures that were listed; those with one caption are left out.
        total: held-out pictures that there are.
    """

    rankings: "dict[str, sde.MixedRanking]"
    n_rows: int
    total: int


def gap_panel(data: "Dataset", state: "SubspacesState") -> None:
    """Show the parts of the gap, computed beside the page."""
    from sde_core.treatments.mixed_lists import has_mixed_list

    known = gap_jobs(data, state.rule)
    [job] = known.jobs
    waiting = [job] if job.status != "done" else []
    found = job.result if not waiting else job.partial
    if found is not None:
        titled_chart(
            gap_title(found),
            gap_figure(found.parts, found.labels),
            key="gap_chart",
            story=STORY,
            alt="Share of the squared distance of images and texts by part, band and direction.",
        )
        exact_rows(known, what="pairs", n_rows=found.n_pairs, total=found.total)
    jobs: list[Job[Any]] = [job]
    if has_mixed_list(data.embeddings):
        mixed = mixed_jobs(data)
        [lists] = mixed.jobs
        jobs.append(lists)
        waiting += [lists] if lists.status != "done" else []
        there = lists.partial if lists in waiting else lists.result
        if there:
            _mixed(there.rankings)
            exact_rows(mixed, what="held-out pictures", n_rows=there.n_rows, total=there.total, power=2.0)
    else:
        st.caption(ONE_CAPTION)
    pending(jobs, draws_partial=True)
    catch_up(waiting)  # the gap may have come while the list was drawn


def _mixed(found: "dict[str, sde.MixedRanking]") -> None:
    titled_chart(
        mixed_title(found),
        mixed_figure(found),
        key="mixed_chart",
        story=MIXED_STORY,
        alt="NDCG@10 of texts in one list of images and texts, by what the thing stands as, raw and after treatments.",
    )


def mixed_jobs(data: "Dataset") -> Best:
    """Return the job whose result is what treatments do to search in one list, of a sample until all are asked for.

    Args:
        data: of both modalities.
    """
    return best("mixed", data.fingerprint, [partial(_mixed_job, data)])


def _mixed_job(data: "Dataset", whole: bool) -> "Job[Mixed]":
    embeddings = data.embeddings
    hold_out, rankings = sde.hold_out, sde.mixed_rankings  # imported here, as below

    def work(job: "Job[Mixed]") -> Mixed:
        job.report(0.0, "half of the pictures, for the treatments")
        fit, test = (np.flatnonzero(half) for half in hold_out(embeddings))
        total = len(test)
        fit = fit[sample_rows(len(fit), MOST_FITTED)]
        test = test[sample_rows(total, total if whole else MOST_LISTED)]
        listed, reference = embeddings.select(test), embeddings.select(fit)

        def of(*names: "Sequence[str]") -> Mixed:
            return Mixed(rankings=rankings(listed, reference, *names), n_rows=len(test), total=total)

        job.report(0.2, "treatments", partial=of(()))
        return of()

    key, title = f"mixed/{data.fingerprint}", "Search in one list of both"
    if whole:
        return in_background("mixed list all", f"{key}/all", f"{title}, all", work, lane="mixed list all")
    return in_background("mixed list", key, title, work)


def mixed_title(found: "Mapping[str, sde.MixedRanking]") -> str:
    """Return how much later texts find images than texts in one list, and what the best treatment makes of it."""
    raw = found["raw"]
    said = (
        f"In one list of both, texts find {word('image', 'images')} with NDCG@10 {raw.ndcg_image:.2f} and "
        f"{word('text', 'texts')} with {raw.ndcg_text:.2f}"
    )
    treated = [name for name in found if name != "raw"]
    if treated:
        helps = max(treated, key=lambda name: found[name].ndcg)
        points = f"{100 * (found[helps].ndcg - raw.ndcg):+.1f}".replace("-", "\u2212")
        said += f"; {helps} changes both together by {points} points"
    return f"{said}. {raw.n_queries:,} things."


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

        def of(most: int) -> Gap:
            rows = sample_rows(len(images), most)
            image, text = images[rows], texts[rows]
            labels = gap_labels(image, text, rule)
            return Gap(parts=gap_parts(image, text), labels=labels, n_pairs=len(rows), total=len(images))

        if whole:
            return of(len(images))
        if len(images) > 2 * FIRST_PAIRS:
            job.report(0.1, "more pairs", partial=of(FIRST_PAIRS))
        return of(MOST_PAIRS)

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
