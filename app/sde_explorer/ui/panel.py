"""The side panel: all that the views share. Data and part; rule and thresholds; treatment and moment; running work."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

import sde_core as sde
from sde_core.partition import has_thresholds, nothing_to_move
from sde_explorer.readings.cached import machine as cached_machine
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.rules import rule_names
from sde_explorer.sets import SetEntry, typed_filter
from sde_explorer.state import DEFAULT, selections
from sde_explorer.ui import fields
from sde_explorer.ui.called import called_data, called_encoder, data_names, encoder_names, place_of
from sde_explorer.ui.selections import selection_chips
from sde_explorer.ui.session import current_state, put, take_link
from sde_explorer.ui.terms import CROSS_JUDGE, HELP, RULES
from sde_explorer.ui.words import as_code

_OPENED = "opened"
# Geometric steps, so that half and double are equally far from the rule's own threshold.
STEPS = tuple(round(10 ** (i / 50), 3) for i in range(-50, 51))
"""Multiples of the rule's own thresholds at which the sliders stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the panel opened.

    Attributes:
        data: the set, or None where it cannot be opened.
        problem: why not, in one sentence.
        missing: what was asked for and is not there; something else is shown instead.
    """

    data: Dataset | None = None
    problem: str = ""
    missing: tuple[str, ...] = ()


def side_panel(view: str = "", at_foot: Callable[[], None] | None = None) -> None:
    """Draw the panel and open the set that it names, for the view that is drawn next.

    Args:
        view: its title.
        at_foot: draws what stands in the last line.
    """
    with st.sidebar:
        opened = _data()
        st.divider()
        _thresholds(has_rule=not (view == "Spectrum" and current_state().spectra == "cross"))
        st.divider()
        _treatment()
        st.divider()
        _foot(at_foot)
    st.session_state[_OPENED] = opened


def opened_set(view: str) -> Opened:
    """Return what the panel opened in this run; where a view runs alone, the panel is drawn now.

    Args:
        view: its title.
    """
    if _OPENED not in st.session_state:
        take_link()
        side_panel(view)
    found: Opened = st.session_state.pop(_OPENED)
    return found


def _data() -> Opened:
    known = cached_sets.known_sets()
    options = list(dict.fromkeys((*(entry.data for entry in known), current_state().data)))
    called = data_names(options)
    fields.choice(
        "data", "Data", options, help=_with_place(HELP["data"], current_state().data), typed=True,
        words=lambda data: called.get(data, data),
        also=lambda data: {
            "encoder": DEFAULT.encoder,
            "part": cached_sets.opening_part(data, DEFAULT.encoder),
            "whole": 0,
            **selections(),
        },
    )  # fmt: skip
    missing: list[str] = []
    try:
        entries = cached_sets.entries_of(current_state().data)
        entry = _encoder(entries, missing)
        whole = cached_sets.dataset(entry)
        _part(whole, missing)
        found = cached_sets.dataset(entry, current_state().part, sampled=not current_state().whole)
    except sde.SDEError as error:
        return Opened(problem=str(error))
    _counts(found, whole)
    selection_chips(found)
    return Opened(data=found, missing=tuple(missing))


def _encoder(entries: tuple[SetEntry, ...], missing: list[str]) -> SetEntry:
    """Show the encoders by which the data was encoded; one that was asked for and is not there is named."""
    names = [entry.encoder for entry in entries]
    state = current_state()
    if state.encoder not in names:
        if state.encoder != DEFAULT.encoder:
            missing.append(
                f"{called_data(state.data)} has not been encoded by {called_encoder(state.encoder)}"
            )
        put(encoder=names[0])
    called = encoder_names(names)
    fields.choice(
        "encoder",
        "Encoder",
        names,
        words=lambda name: called.get(name, name),
        help=_with_place(HELP["encoder"], current_state().encoder),
        also=lambda _: selections(),
    )
    return entries[names.index(current_state().encoder)]


def _with_place(words: str, place: str) -> str:
    """Return a help with the whole path of what is open, where the visitor may see paths of the server."""
    return f"{words}\n\n{as_code(place_of(place))}" if place_of(place) else words


def _part(whole: Dataset, missing: list[str]) -> None:
    """Show the filter; a value of any column can be typed, also of one with a value for nearly every image."""
    state, offered = current_state(), whole.filters
    read = {text: text if text in offered else typed_filter(whole.embeddings, text) for text in state.part}
    part = tuple(dict.fromkeys(text for text in read.values() if text))
    gone = [text for text, found in read.items() if not found]
    if gone:
        missing.append(f"{called_data(state.data)} has no part {' and '.join(gone)}")
    if part != state.part:
        put(part=part)
    typed = "\n\nTo be typed, nearly every image has a value of its own: {}.".format(
        ", ".join(map(as_code, whole.unfiltered))
    )
    fields.many(
        "part",
        "Part",
        tuple(dict.fromkeys((*offered, *part))),
        placeholder="all of it: type to find" if whole.embeddings.metadata else "no column to filter by",
        disabled=not whole.embeddings.metadata,
        typed=bool(whole.unfiltered),
        help=f"{HELP['part']}{typed if whole.unfiltered else ''}",
        also=lambda _: selections(),  # they count rows of what was shown before
    )


def _counts(data: Dataset, whole: Dataset) -> None:
    embeddings, origin = data.embeddings, data.embeddings.provenance
    of = f" of {whole.embeddings.n_rows:,}" if embeddings.n_rows < whole.embeddings.n_rows else ""
    rows = "images" if embeddings.n_images else "texts"
    texts = f"{embeddings.n_texts:,} texts" if embeddings.n_images else "no images"
    st.caption(
        f"{embeddings.n_rows:,}{of} {rows} · {texts}",
        help=f"{embeddings.width} dimensions; computes on {cached_machine.device_name()}. "
        f"Weights `{origin.weights_sha256[:8] or 'unknown'}`, content `{data.fingerprint[:8]}`.",
    )


def _thresholds(*, has_rule: bool) -> None:
    rule = current_state().rule
    if not has_rule:
        st.caption("Judged by shuffled pairs, not by a rule.", help=CROSS_JUDGE)
    fields.choice(
        "rule",
        "Rule",
        rule_names(),
        help=f"{HELP['rule']}\n\n**{rule}**: {RULES.get(rule, 'a rule that was registered in this process.')}",
        disabled=not has_rule,
        also=lambda _: {"noise": 1.0, "strong": 1.0},
    )
    fields.segments("center", "Mean", help=HELP["center"])
    for field, label in (("noise", "Noise × rule"), ("strong", "Strong × rule")):
        left, right = st.columns([0.6, 0.4], vertical_alignment="bottom", gap="small")
        with left:
            fields.steps(field, label, STEPS, words="{:.3g}".format, help=HELP[field])
        with right:
            fields.number(field, label, step=0.05, format="%.3g", bare=True)
    st.button(
        "Reset to rule",
        key="reset_to_rule",
        icon=":material/restart_alt:",
        width="stretch",
        disabled=not current_state().is_moved,
        on_click=lambda: put(noise=1.0, strong=1.0),
    )
    if current_state().is_moved and not has_thresholds(rule):
        st.caption(nothing_to_move(rule))


def _treatment() -> None:
    fields.segments("transform", "Treatment", help=HELP["transform"])
    fields.slider("t", "Moment t", step=0.01, help=HELP["t"], disabled=current_state().transform == "pruned")


def _foot(more: Callable[[], None] | None) -> None:
    if more is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            more()
