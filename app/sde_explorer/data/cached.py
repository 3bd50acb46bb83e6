"""What is odd or wrong about the open set: compared once for each content."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.geometry.projection import sample_rows
from sde_core.report.inspection import Odd, check_pairs, odd_of_vectors
from sde_explorer.data.numbers import nearest_captions
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import pictures as cached_pictures

if TYPE_CHECKING:
    from sde_explorer.data.state import PairMeasure
    from sde_explorer.jobs import Job
    from sde_explorer.readings.cached.sets import Dataset


@st.cache_resource(max_entries=16, show_spinner="Comparing vectors with each other")
def odd_vectors(fingerprint: str, _data: "Dataset") -> tuple[Odd, ...]:
    """Return what `sde check` finds odd about the vectors."""
    return odd_of_vectors(_data.embeddings)


@st.cache_resource(max_entries=16, show_spinner="Looking at every picture")
def odd_pictures(fingerprint: str, _data: "Dataset") -> tuple[Odd, ...] | str:
    """Return what `sde check` finds odd about the pairs behind the set, or why they cannot be read."""
    source = _data.embeddings.provenance.pairs
    pairs = cached_pictures.pairs(source)
    if pairs is None:
        return "The pictures behind this set are not on this machine."
    try:
        return check_pairs(source, pairs, None).odd
    except sde.DataError as error:
        return str(error)


FIRST_PICTURES = 1_500
"""Pictures of a seeded sample whose wrong pairs are counted before those of a large set."""


def mismatched(data: "Dataset", measure: "PairMeasure") -> "Job[sde.MismatchedPairs]":
    """Return the job whose result is what `sde mismatched` says of the pairs; it fails where they are too few."""
    made, mismatched_pairs = (
        data.embeddings,
        sde.mismatched_pairs,
    )  # imported here: threads must not meet it half made

    def work(job: "Job[sde.MismatchedPairs]") -> sde.MismatchedPairs:
        def report(share: float) -> None:
            job.report(share, f"{len(made.links):,} pairs")

        if made.n_images > 2 * FIRST_PICTURES:
            few = made.select(sample_rows(made.n_images, FIRST_PICTURES))
            job.report(
                0.0, "a first look", partial=mismatched_pairs(few.image, few.text, few.links, measure=measure)
            )
        return mismatched_pairs(made.image, made.text, made.links, measure=measure, progress=report)

    key = f"mismatched/{data.fingerprint}/{measure}"
    return background.in_background("mismatched", key, "Pairs that fit least", work)


@st.cache_data(max_entries=512, show_spinner=False)
def nearest(fingerprint: str, image_row: int, _data: "Dataset") -> list[tuple[int, float]]:
    """Return the captions nearest to an image, its own left out, with their cosines."""
    return nearest_captions(_data.embeddings, image_row)
