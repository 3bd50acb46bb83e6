"""What a view of a large set is of, and the button that shows all of its rows."""

from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.readings.cached import whole
from sde_explorer.state import selections
from sde_explorer.ui.exact import exact_line
from sde_explorer.ui.pending import pending
from sde_explorer.ui.session import current_state, put

if TYPE_CHECKING:
    from sde_explorer.readings.cached.sets import Dataset

_ASKED = "all_rows_asked"


def sampled_line(data: "Dataset") -> None:
    """Say of which sample everything on the page is; once all rows were asked for and are ready, show them.

    Args:
        data: that the views show.
    """
    if not data.drawn_from:
        return
    state = current_state()
    is_asked = st.session_state.get(_ASKED) == (data.fingerprint, state.center)
    job = whole.all_rows(state) if is_asked else None
    if job is not None and job.status == "done":
        put(whole=1, **selections())  # they count rows of the sample
        st.rerun()
    words = (
        f"Of a seeded sample, {data.embeddings.n_rows:,} of {data.drawn_from:,}; searches are among these."
    )
    exact_line(
        words,
        key="show_all_rows",
        ask="Show all rows",
        seconds=0.0 if job is not None and job.is_active else whole.all_rows_s(state),
        on_ask=_ask,
        args=(data,),
        help="Their spectra are computed beside the page, which then shows all rows in every view; what is selected "
        "counts rows of the sample, and ends.",
    )
    if job is not None:
        pending([job])


def _ask(data: "Dataset") -> None:
    state = current_state()
    st.session_state[_ASKED] = (data.fingerprint, state.center)
    whole.again(state)
