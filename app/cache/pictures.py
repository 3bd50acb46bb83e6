"""Pairs behind a set, and their pictures."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde

if TYPE_CHECKING:
    from sde_core.pairs.base import Pairs


def pairs(source: str) -> "Pairs | None":
    """Return the pictures behind a set, or None where they are not on this machine."""
    if not source:
        return None
    try:
        return _pairs(source)
    except sde.DataError:
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _pairs(source: str) -> "Pairs":
    opened = sde.open_pairs(source)
    len(opened)  # reads the index once
    return opened


@st.cache_data(max_entries=4096, show_spinner=False)
def picture(source: str, pair_id: str) -> bytes | None:
    """Return the file content of one picture, or None where it cannot be read."""
    opened = pairs(source)
    if opened is None:
        return None
    try:
        return opened.find(pair_id).read_image()
    except sde.DataError:
        return None
