"""A spec or a report opened: the dashboard shows again what it was made of."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.share.numbers.spec import Restored, restored
from sde_explorer.share.report import FIT_ON, HALF, MOST_LETTERS, OTHER, TITLE
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.session import open_data, put

if TYPE_CHECKING:
    from sde_core.report import ReportSpec

_MOST_MIB = 64


def open_spec() -> None:
    """Show the upload, what is in it, and the button that restores its state."""
    file = st.file_uploader(
        "A spec or a report that somebody sent",
        ("json", "html"),
        key="share_upload",
        max_upload_size=_MOST_MIB,
        help="A spec file, or the HTML of a report, which holds its spec. Nothing of it is run.",
    )
    if file is None:
        return
    try:
        spec = _read(file.name, file.getvalue())
        found = restored(spec, cached_sets.known_sets())
        _check_set(found)
    except sde.SDEError as error:
        error_box(error)
        return
    with st.container(border=True):
        st.text(f"{spec.title}: {', '.join(each.name for each in spec.sets)}")
        for note in found.notes:
            st.text(note)
        st.button(
            "Show what it was made of",
            key="restore_spec",
            type="primary",
            icon=":material/restore:",
            on_click=restore,
            args=(found, spec.title),
        )


def restore(found: Restored, title: str) -> None:
    """Set the state of the dashboard: a callback."""
    values = asdict(found.state)
    open_data(found.state.data, found.state.encoder)
    put(**values | {"part": list(found.state.part)})
    split = next((text for text in found.fit_on_part if text.startswith("split=")), HALF)
    st.session_state[FIT_ON], st.session_state[OTHER] = split, found.has_other
    st.session_state[TITLE] = title[:MOST_LETTERS]


def _read(name: str, content: bytes) -> "ReportSpec":
    from sde_core.report.spec import spec_in

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise sde.DataError(f"spec must be a JSON file or a report; {name} is no text") from None
    return spec_in(text, name)


def _check_set(found: Restored) -> None:
    """Raise DataError unless the set of a spec is here, and is the same."""
    shown = cached_sets.dataset(cached_sets.entry_of(found.state), found.state.part)
    if found.fingerprint and shown.fingerprint != found.fingerprint:
        raise sde.DataError(
            f"{found.state.data} must be the set that the spec was written for, content {found.fingerprint[:8]}; here "
            f"it is {shown.fingerprint[:8]}: the numbers would be others, open the set that the report was made of"
        )
