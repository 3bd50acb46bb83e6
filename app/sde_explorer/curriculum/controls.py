"""The knobs of the curriculum; their values live in the state."""

import streamlit as st

from sde_explorer.curriculum.words import KNOBS
from sde_explorer.ui.fields import many, segments, slider
from sde_explorer.ui.session import current_state
from sde_explorer.ui.terms import HELP

_LABELS = {
    "transform": "Treatment",
    "strong_mode": "Strong band",
    "schedule": "Schedule",
    "rho": "Strength ρ",
    "alpha_start": "α at the start",
    "alpha_end": "α at the end",
    "warmup": "Warm-up",
    "t": "Moment t",
    "show": "Modalities",
    "xscale": "Rank axis",
    "yscale": "Value axis",
}
_STEPS = {"rho": 0.05, "alpha_start": 0.01, "alpha_end": 0.01, "warmup": 0.01}
MOST_FOLLOWED = 6


def curriculum_controls() -> None:
    """Show what is done to the vectors, how strongly, and what the charts show of it."""
    is_pruned = current_state().transform == "pruned"
    segments("strong_mode", _LABELS["strong_mode"], bare=True, disabled=is_pruned)
    segments("schedule", _LABELS["schedule"], bare=True, disabled=is_pruned)
    with st.popover("Settings", icon=":material/tune:"):
        for name, step in _STEPS.items():
            slider(name, _LABELS[name], step=step, help=KNOBS[name], disabled=is_pruned)
        for name in ("show", "xscale", "yscale"):
            segments(name, _LABELS[name], help=HELP[name])


def knobs() -> str:
    """Return what each control does, as a list."""
    return "\n".join(f"- **{_LABELS[name]}.** {text}" for name, text in KNOBS.items())


def followed_directions(count: int) -> tuple[int, ...]:
    """Show the choice of directions with a curve of their own, and return their ranks.

    Args:
        count: directions that there are.
    """
    many(
        "followed",
        "Follow single directions",
        range(1, count + 1),
        placeholder="type a rank: 1 is the largest singular value",
        most=MOST_FOLLOWED,
        also=lambda ranks: {"followed": tuple(sorted(ranks))},
    )
    return tuple(rank for rank in current_state().followed if 1 <= rank <= count)
