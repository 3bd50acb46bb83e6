"""Of how many rows or queries a number is, and the button that asks all of them and says how long it takes."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from sde_explorer.ui.job_progress import seconds_in_words


def exact_line(
    sentence: str,
    *,
    key: str,
    ask: str,
    seconds: float,
    on_ask: Callable[..., None],
    args: tuple[Any, ...] = (),
    help: str | None = None,
) -> None:
    """Show the sentence, and the button behind it unless all are asked already.

    Args:
        sentence: of what the numbers are.
        key: of the button.
        ask: what the button does, in its words.
        seconds: that all of them take, about; 0 shows no button.
        on_ask: what a press calls.
        args: of that.
        help: what the button does beyond its words, on hover.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(sentence, width="content")
        if seconds:
            st.button(
                f"{ask}, about {seconds_in_words(seconds)}",
                key=key,
                icon=":material/all_inclusive:",
                type="tertiary",
                help=help,
                on_click=on_ask,
                args=args,
            )
