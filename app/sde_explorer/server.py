"""The dashboard's server: what it imports ahead, what it puts around each page, and where the list of pages is."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from sde_explorer.early_style import EarlyStyle
from sde_explorer.ui.page_style import PAGE_STYLE

PAGES = str(Path(__file__).with_name("pages.py"))
"""The script that lists the pages."""
MIDDLEWARE = (Middleware(EarlyStyle, css=PAGE_STYLE),)
# What the first page needs, in this order: seconds of imports that run while the browser still loads.
HEAVY = (
    "sde_explorer.overview.page",
    "plotly.graph_objects",
    "torch",
    "sde_explorer.spectrum.page",
    "sde_explorer.subspaces.page",
    "sde_explorer.curriculum.page",
    "sde_core.geometry.alignment",
)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, object]]:
    """Import ahead of the first visitor; a failure is left to the page, which says it in a sentence."""
    threading.Thread(target=warm, daemon=True, name="warm").start()
    yield {}


def warm() -> None:
    """Import what is heavy; the first page then finds it done, or waits for the rest."""
    for name in HEAVY:
        try:
            import_module(name)
        except ImportError:
            return
