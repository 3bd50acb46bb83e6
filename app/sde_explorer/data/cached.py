"""What is odd or wrong about the open set: compared once for each content."""

from typing import TYPE_CHECKING, cast

import streamlit as st

import sde_core as sde
from sde_core.report.inspection import Odd, check_pairs, odd_of_vectors
from sde_explorer.data.numbers import nearest_captions
from sde_explorer.readings.cached import pictures as cached_pictures

if TYPE_CHECKING:
    from sde_explorer.data.state import PairMeasure
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


@st.cache_resource(max_entries=8, show_spinner="Comparing pairs with each other")
def mismatched(fingerprint: str, measure: str, _data: "Dataset") -> sde.MismatchedPairs:
    """Return what `sde mismatched` says of the pairs.

    Raises:
        DataError: too few pairs.
    """
    made = _data.embeddings
    return sde.mismatched_pairs(made.image, made.text, made.links, measure=cast("PairMeasure", measure))


@st.cache_data(max_entries=512, show_spinner=False)
def nearest(fingerprint: str, image_row: int, _data: "Dataset") -> list[tuple[int, float]]:
    """Return the captions nearest to an image, its own left out, with their cosines."""
    return nearest_captions(_data.embeddings, image_row)
