"""Of how many rows or queries a number is, and the button that asks all of them and says how long it takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from sde_explorer.ui.job_progress import seconds_in_words
from sde_explorer.ui.pending import pending

if TYPE_CHECKING:
    from sde_explorer.readings.cached.exact import Best


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


def exact_rows(
    found: "Best", *, what: str, n_rows: int, total: int, power: float = 1.0, at_most: int = 0
) -> None:
    """Say of how many rows some numbers are, with the button that measures all; nothing where they are of all.

    Args:
        found: what is known of them.
        what: the rows, such as "pairs".
        n_rows: in the sample.
        total: that there are.
        power: of the number of rows with which the time grows.
        at_most: rows that can be measured; 0 is all.
    """
    if n_rows >= total:
        return
    goal = min(at_most or total, total)
    more = ""
    if any(job.is_active for job in found.finer):
        more = f" {'All' if goal == total else f'{goal:,}'} are being measured."
    elif any(job.is_active for job in found.jobs):
        more = " More are being measured."
    exact_line(
        f"Seeded sample, {n_rows:,} of {total:,} {what}.{more}",
        key=f"measure_all_{found.name}",
        ask=f"Measure {'all' if goal == total else f'{goal:,}'} {what}",
        seconds=found.whole_s((goal / n_rows) ** power) if n_rows < goal else 0.0,
        on_ask=found.ask,
    )
    pending(found.finer)
