"""What people call sets, encoders and trainings: the name that they gave, or a short one; and the box that gives it."""

from collections.abc import Callable, Iterable

import streamlit as st

from sde_explorer.intake.labels import MOST_LETTERS, give_label, read_labels
from sde_explorer.intake.names import data_name, encoder_name, told_apart
from sde_explorer.readings.cached.sets import cache_folder
from sde_explorer.serving.policy import current
from sde_explorer.ui.words import as_code


def data_names(values: Iterable[str]) -> dict[str, str]:
    """Return the names of pairs or vectors by their ids; no two are equal."""
    return _names(values, data_name)


def encoder_names(values: Iterable[str]) -> dict[str, str]:
    """Return the names of encoders by their ids; no two are equal."""
    return _names(values, encoder_name)


def given_names() -> dict[str, str]:
    """Return the names that people gave, by id."""
    return read_labels(cache_folder())


def called_data(value: str) -> str:
    """Return the name of pairs or vectors."""
    return data_names([value])[value]


def called_encoder(value: str) -> str:
    """Return the name of an encoder."""
    return encoder_names([value])[value]


def place_of(value: str) -> str:
    """Return where something lies, for a tooltip; empty where it is no path, or the visitor may not see paths."""
    return value if data_name(value) != value and current().one_user else ""


def name_box(label: str, value: str, shown: str) -> None:
    """Show a box in which something is called otherwise; empty is its own name again.

    Args:
        label: of the box.
        value: id of the set, the encoder or the training.
        shown: what it is called without a name.
    """
    key = f"name of {value}"
    place = place_of(value)
    st.text_input(
        label,
        given_names().get(value, ""),
        key=key,
        max_chars=MOST_LETTERS,
        placeholder=shown,
        width=320,
        disabled=current().read_only,
        help=f"A name for people; addresses keep the id.{_as_code(place)}",
        on_change=lambda: give_label(cache_folder(), value, str(st.session_state[key])),
    )


def _names(values: Iterable[str], short: Callable[[str], str]) -> dict[str, str]:
    ids, given = list(dict.fromkeys(values)), given_names()
    return told_apart(ids, {value: given.get(value) or short(value) for value in ids})


def _as_code(place: str) -> str:
    return f" {as_code(place)}" if place else ""
