"""What could not be used, and why."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from sde_core.pairs import Skipped

MOST_SHOWN = 1_000


def skipped_items(skipped: "Sequence[Skipped]", *, so_far: bool = False) -> None:
    """Show items that were left out with their reasons, in a table that opens; nothing where there are none.

    Args:
        skipped: the items.
        so_far: whether more may follow.
    """
    if not skipped:
        return
    count = len(skipped)
    words = f"{count:,} {'item was' if count == 1 else 'items were'} skipped{' so far' if so_far else ''}"
    with st.expander(words, icon=":material/report:"):
        rows = [{"item": s.item, "reason": s.reason} for s in skipped[:MOST_SHOWN]]
        st.dataframe(rows, hide_index=True)
        if count > MOST_SHOWN:
            st.caption(f"The first {MOST_SHOWN:,} of {count:,}.")
