"""What `sde check` says, of the open set: by vectors at once, by every picture when asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from sde_core.report.inspection import KINDS
from sde_explorer.data import cached
from sde_explorer.ui.words import as_text

if TYPE_CHECKING:
    from sde_core.report.inspection import Odd
    from sde_explorer.readings.cached.sets import Dataset


def check(data: "Dataset") -> None:
    """Show each kind of odd thing with its number and examples; the pictures are read after a press."""
    st.caption("By vectors and captions, as `sde check` on the set:")
    _table(cached.odd_vectors(data.fingerprint, data))
    if not data.embeddings.provenance.pairs:
        return
    if st.session_state.get("check_pictures") != data.fingerprint:
        st.button(
            "Look at every picture, too",
            key="check_look",
            icon=":material/image_search:",
            on_click=_look_at_pictures,
            args=(data.fingerprint,),
        )
        return
    found = cached.odd_pictures(data.fingerprint, data)
    st.caption(
        "By the pairs behind it (all of them, whatever part is open): files, picture hashes, sizes, captions:"
    )
    if isinstance(found, str):
        st.info(as_text(found))
    else:
        _table(found)


def _look_at_pictures(fingerprint: str) -> None:
    st.session_state["check_pictures"] = fingerprint


def _table(found: "Sequence[Odd]") -> None:
    if not found:
        st.text("nothing odd")
    for each in found:
        with st.expander(f"**{each.count:,}** {KINDS[each.kind]}", icon=":material/rule:"):
            st.text("\n".join(each.examples))
            if each.count > len(each.examples):
                st.caption(f"and {each.count - len(each.examples):,} more")
