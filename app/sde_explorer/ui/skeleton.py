"""What stands in a picture's place while it is computed: boxes in the shape of what comes, of no words.

That of a view lies behind the place and takes no room, so that nothing moves when the picture comes; the style hides it
as soon as anything else stands there, and where the script has ended without a picture (`sde_explorer.ui.page_style`).
"""

import streamlit as st

_SHAPES = {
    "Overview": ("minmax(0,1fr)", 1),
    "Data": ("repeat(6,minmax(0,1fr))", 12),
    "Spectrum": ("repeat(auto-fit,minmax(min(100%,24rem),1fr))", 2),
    "Subspaces": ("minmax(0,1fr)", 1),
    "Curriculum": ("minmax(0,58fr) minmax(0,42fr)", 2),
    "Retrieval": ("repeat(5,minmax(0,1fr))", 10),
    "Training": ("repeat(2,minmax(0,1fr))", 4),
    "Compare": ("minmax(0,62fr) minmax(0,38fr)", 2),
    "Share": ("minmax(0,1fr)", 1),
}
"""Columns of CSS, and the number of boxes: panels, or pictures."""
_OF_ANOTHER_VIEW = ("minmax(0,1fr)", 1)


def skeleton(view: str) -> None:
    """Draw the boxes of a view's main picture; first in its place.

    Args:
        view: its name.
    """
    columns, count = _SHAPES.get(view, _OF_ANOTHER_VIEW)
    style = f"grid-template-columns:{columns}"
    st.html(
        f'<div class="sde-skeleton sde-of-view" aria-hidden="true" style="{style}">{"<i></i>" * count}</div>'
    )


def waiting_figure(height: int) -> None:
    """Draw one box in place of a figure that comes later than its neighbours; it takes no room either.

    Args:
        height: of the figure, pixels.
    """
    style = f"position:absolute;inset:0 0 auto 0;height:{height}px"
    box = f'<div class="sde-skeleton" aria-hidden="true" style="{style}"><i></i></div>'
    st.html(f'<div style="position:relative;height:0">{box}</div>')
