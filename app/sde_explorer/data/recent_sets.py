"""What was opened lately, to open again; what vanished is marked and can be taken off the list."""

import html
import time

import streamlit as st

from sde_core.files import bundled
from sde_explorer.intake import Recent, forget, read_recent, remember
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.serving.policy import current
from sde_explorer.ui.called import called_data, called_encoder, place_of
from sde_explorer.ui.session import current_state, open_data

_SHOWN = 12


def remember_open(data: "Dataset") -> None:
    """Put the open set on top of the list; bundled sets are always there and need no list."""
    state = current_state()
    opened = cached_sets.opening_part(state.data, state.encoder)
    if state.data in bundled.PAIR_SETS or state.part not in ((), opened) or current().read_only:
        return
    folder = next((e.folder for e in cached_sets.entries_of(state.data) if e.encoder == state.encoder), "")
    whole = cached_sets.dataset(cached_sets.entry_of(state)) if state.part else data
    count = whole.embeddings.n_images
    entry = Recent(data=state.data, encoder=state.encoder, folder=folder, n_images=count)
    remember(cached_sets.cache_folder(), entry)


def recent_sets() -> None:
    """Show the list, each entry with its buttons."""
    entries = read_recent(cached_sets.cache_folder())
    if not entries:
        st.caption("Sets that you open are listed here, to find them again.")
        return
    for entry in entries[:_SHOWN]:
        _row(entry)
    if len(entries) > _SHOWN:
        st.caption(f"And {len(entries) - _SHOWN} older ones, under Data at the side.")


def _row(entry: Recent) -> None:
    key = f"{entry.data} {entry.encoder}"
    words, first, second = st.columns([0.7, 0.15, 0.15], vertical_alignment="center")
    gone = "" if entry.is_there else ' <b style="color:#c8430a">no longer there</b>'
    origin = f" from {called_data(entry.source)}" if entry.source and entry.source != entry.data else ""
    place = html.escape(place_of(entry.data), quote=True)
    words.html(
        f"<div title=\"{place}\" style='overflow-wrap:anywhere;line-height:1.3'>"
        f"{html.escape(called_data(entry.data))}{gone}<br>"
        f"<small style='opacity:.72'>{entry.n_images:,} pictures, "
        f"encoder {html.escape(called_encoder(entry.encoder))}"
        f"{html.escape(origin)}, {ago(time.time() - entry.opened)}</small></div>"
    )
    first.button(
        "Reopen",
        key=f"recent_open {key}",
        icon=":material/folder_open:",
        width="stretch",
        disabled=not entry.is_there,
        on_click=lambda: open_data(entry.data, entry.encoder),
    )
    second.button(
        "Remove",
        key=f"recent_remove {key}",
        icon=":material/close:",
        type="tertiary",
        width="stretch",
        help="Takes it off this list; no file is deleted.",
        on_click=lambda: forget(cached_sets.cache_folder(), entry.key),
    )


def ago(seconds: float) -> str:
    """Return how long ago something was, as people say it.

    >>> ago(30), ago(7200), ago(90_000 * 3)
    ('just now', '2 hours ago', '3 days ago')
    """
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
