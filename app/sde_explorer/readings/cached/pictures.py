"""Pairs behind a set, and their pictures."""

from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.intake import named_format, named_root, thumbnail_of
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.places import check_source

if TYPE_CHECKING:
    from sde_core.pairs.base import Pairs


THUMBNAIL_PIXELS = 144
"""Longer side: sharp at 96 on a screen of one and a half pixels."""


def pairs(source: str) -> "Pairs | None":
    """Return the pictures behind a set, or None where they are not on this machine."""
    if not source:
        return None
    try:
        own = cache_folder()
        root = check_source(named_root(own, source), own)
        return _pairs(check_source(source, own), named_format(own, source), root)
    except sde.DataError:
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _pairs(source: str, format: str, root: str) -> "Pairs":
    opened = sde.open_pairs(source, format or None, image_root=root or None)
    opened.prepare_to_find()
    return opened


@st.cache_data(max_entries=64, show_spinner=False)
def picture(source: str, pair_id: str) -> bytes | None:
    """Return the file content of one picture, or None where it cannot be read."""
    return _content(source, pair_id)


@st.cache_data(max_entries=4096, show_spinner=False)
def thumbnail(source: str, pair_id: str) -> bytes | None:
    """Return a picture as a small WebP of about 3 KB, or None where it cannot be read."""
    content = _content(source, pair_id)
    try:
        return None if content is None else thumbnail_of(content, THUMBNAIL_PIXELS)
    except sde.DataError:  # damaged, or cut off
        return None


def _content(source: str, pair_id: str) -> bytes | None:
    opened = pairs(source)
    if opened is None:
        return None
    try:
        return opened.find(pair_id).read_image()
    except sde.DataError:
        return None
