"""The dashboard's server; `streamlit run app/main.py` starts here. The pages are listed in app/pages.py."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import streamlit as st
from starlette.middleware import Middleware

from app.components.page_style import PAGE_STYLE
from app.early_style import EarlyStyle

# What the first page needs, in this order: seconds of imports that run while the browser still loads.
HEAVY = (
    "app.views.overview",
    "plotly.graph_objects",
    "torch",
    "app.views.spectrum",
    "app.views.subspaces",
    "app.views.curriculum",
    "sde_core.alignment",
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


app = st.App("pages.py", lifespan=lifespan, middleware=[Middleware(EarlyStyle, css=PAGE_STYLE)])
