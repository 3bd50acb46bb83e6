"""Where a training leads: its vectors in the Overview, or beside what they began as in Compare."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.state import DEFAULT, selections
from sde_explorer.training.asked import untouched_part
from sde_explorer.training.runs import trained_set
from sde_explorer.ui.navigation import switch_to
from sde_explorer.ui.session import put

if TYPE_CHECKING:
    from sde_explorer.training.runs import TrainingRequest

_GO = "training_leads_to"


def place_of(data: str, vectors: Path) -> dict[str, str]:
    """Return data and encoder of the state that shows vectors: by the name of their pairs where they have one."""
    for entry in cached_sets.known_sets():
        if Path(entry.folder) == vectors and entry.data == data:
            return {"data": entry.data, "encoder": entry.encoder}
    return {"data": str(vectors), "encoder": ""}


def look_button(request: "TrainingRequest", vectors: Path, *, key: str) -> None:
    """Show the button that opens trained vectors and leads to the Overview: on the part that the training left alone.

    Args:
        request: of the training.
        vectors: folder of the set.
        key: of the button.
    """
    st.button(
        "Look at its vectors",
        key=key,
        icon=":material/visibility:",
        help="Opens the trained vectors in every view; Data and Encoder at the side lead back.",
        on_click=lambda: _aim(
            "Overview",
            part=untouched_part(request),
            **_opened(place_of(request.data, vectors)),
            **selections(),
        ),
    )


def start_button(folder: Path, request: "TrainingRequest", run: str) -> None:
    """Show the button that leads to Compare: what the training began with as A, what the run made of it as B.

    Args:
        folder: of the training.
        request: of it.
        run: that has ended.
    """
    _compare_button(
        "Compare with the start",
        f"compare {folder.name} {run}",
        place_of(request.data, Path(request.folder)),
        place_of(request.data, trained_set(cached_sets.cache_folder(), folder, run)),
        untouched_part(request),
    )


def against_button(folder: Path, request: "TrainingRequest", runs: list[str]) -> None:
    """Show the button that leads to Compare with two runs that have ended; nothing where there are not two.

    Args:
        folder: of the training.
        request: of it.
        runs: that have ended.
    """
    if len(runs) != 2:
        return
    a, b = (place_of(request.data, trained_set(cached_sets.cache_folder(), folder, run)) for run in runs)
    _compare_button(f"{runs[0]} against {runs[1]}", f"compare {folder.name}", a, b, untouched_part(request))


def _compare_button(
    label: str, key: str, a: dict[str, str], b: dict[str, str], part: tuple[str, ...]
) -> None:
    st.button(
        label,
        key=key,
        icon=":material/compare_arrows:",
        help="Leads to Compare, with both filled in.",
        on_click=lambda: _aim(
            "Compare",
            part=part,
            other=b["data"],
            other_encoder=b["encoder"],
            **_opened(a),
            **selections(),
        ),
    )


def _aim(title: str, **values: object) -> None:
    put(**values)
    st.session_state[_GO] = title


def go() -> None:
    """Go to the view that a press has aimed at; nothing where there was none."""
    title = st.session_state.pop(_GO, "")
    if title:
        switch_to(title)


def _opened(place: dict[str, str]) -> dict[str, str]:
    return place if place["encoder"] else {**place, "encoder": DEFAULT.encoder}
