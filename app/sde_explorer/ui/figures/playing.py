"""Buttons that play a figure's frames, and halt them."""

from collections.abc import Sequence
from typing import Any

HALT = {"frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}, "mode": "immediate"}
"""How plotly goes to a frame at once, and stays there."""


def play_buttons(label: str, frames: Sequence[str], play: dict[str, Any], *, above: int) -> dict[str, Any]:
    """Return a menu of two buttons at the upper right corner.

    Args:
        label: of the first.
        frames: names of the frames, in their order.
        play: how plotly goes from one to the next.
        above: pixels between the panels and the buttons.
    """
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "x": 1,
        "xanchor": "right",
        "y": 1,
        "yanchor": "bottom",
        "pad": {"b": above, "r": 0, "t": 0},
        "bgcolor": "rgba(128,128,128,0.14)",
        "bordercolor": "rgba(128,128,128,0.35)",
        "font": {"size": 13},
        "buttons": [
            {"label": f"▶ {label}", "method": "animate", "args": [list(frames), play]},
            {"label": "Pause", "method": "animate", "args": [[None], HALT]},
        ],
    }
