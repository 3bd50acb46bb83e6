"""The dashboard's server: its doors and rules, what it imports ahead, where the pages are listed."""

import ctypes
import gc
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from sde_core.errors import SDEError
from sde_core.files.cache import cache_folder
from sde_core.files.mapped import copy_before_mapping
from sde_explorer.early_parts import with_parts
from sde_explorer.early_style import EarlyStyle
from sde_explorer.packages import import_packages
from sde_explorer.serving import log
from sde_explorer.serving.doors import HostDoor, SessionDoor
from sde_explorer.serving.policy import install, policy_from
from sde_explorer.serving.presses import take_presses_whole
from sde_explorer.serving.uploading import UploadDoor
from sde_explorer.serving.visitors import VisitorCookie, sweep
from sde_explorer.ui.notices import error_box
from sde_explorer.ui.page_style import PAGE_STYLE

SWITCH_S = 0.001
"""Seconds after which a thread in Python's own code lets another one go on."""
_M_ARENA_MAX = -8  # of mallopt(3)
EARLY_SCRIPT = with_parts(Path(__file__).with_name("ui").joinpath("early_page.js").read_text("utf-8"))
PAGES = str(Path(__file__).with_name("pages.py"))
"""The script that lists the pages."""
MIDDLEWARE = (
    Middleware(HostDoor),
    Middleware(SessionDoor),
    Middleware(UploadDoor),
    Middleware(VisitorCookie),
    Middleware(EarlyStyle, css=PAGE_STYLE, js=EARLY_SCRIPT),
)
# What any first page needs, in this order: seconds of imports that run while the browser still loads.
HEAVY = ("torch", "plotly.graph_objects")
NEXT = (
    "sde_explorer.overview.page",
    "sde_explorer.spectrum.page",
    "sde_explorer.subspaces.page",
    "sde_explorer.curriculum.page",
    "sde_core.geometry.alignment",
    "sde_explorer.retrieval.page",
    "sde_explorer.compare.page",
    "sde_explorer.training.page",
    "sde_explorer.data.page",
    "sde_explorer.share.page",
)
# What other pages need
LATER = ("scipy.linalg", "torch._dynamo", "torchvision", "transformers", "open_clip")
"""What the first set of many rows and the first search need: half a minute where many wait, so each begins once
nobody does."""


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict[str, object]]:
    """Set the rules, and import ahead of the first visitor; a failed import is left to the page, which says so."""
    # Threads of a product that wait for each other sleep: spinning, they take the processor from other visitors. Read
    # when torch is loaded, which is later.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Of Python's five milliseconds: who serves the browsers waits less for threads that compute.
    sys.setswitchinterval(SWITCH_S)
    _keep_few_arenas()
    log.start()
    log.leave_out_what_is_no_fault()
    rules = policy_from(os.environ, st.get_option("server.address"))
    install(rules)
    take_presses_whole()
    copy_before_mapping(cache_folder())
    threading.Thread(target=_prepare, daemon=True, name="warm").start()
    log.tell(
        "start",
        address=st.get_option("server.address") or "every address",
        port=st.get_option("server.port"),
        one_user=rules.one_user,
        roots=["anywhere"] if rules.roots is None else [str(root) for root in rules.roots],
        read_only=rules.read_only,
    )
    yield {}
    log.tell("stop")


def _keep_few_arenas() -> None:
    """Let glibc's malloc share a few arenas: one for each of many threads would each keep what was freed in it."""
    with suppress(OSError, AttributeError, TypeError):  # another system's malloc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def script_error(error: Exception) -> bool:
    """Show the sentence of an error that the library foresaw; of another one the id under which the log has it."""
    error_box(error if isinstance(error, SDEError) else log.unforeseen(error, kind="page"))
    return True


def warm(names: tuple[str, ...] | None = None) -> None:
    """Import what is heavy, and put it aside; the first page then finds it done, or waits for the rest.

    Args:
        names: of modules; None takes what the first page needs.
    """
    is_first = names is None
    try:
        if is_first:  # what imports make stays: to look through it again and again is a fifth of their time
            gc.disable()
        import_packages()
        for name in HEAVY if names is None else names:
            import_module(name)
    except (ImportError, RuntimeError):  # missing, or two threads wait for each other's imports
        pass
    finally:
        if is_first:
            gc.enable()
    # Half a million objects that live as long as the server: no later collection walks them.
    gc.collect()
    gc.freeze()


def _prepare() -> None:
    """Import what is heavy, then compute what the bundled set shows first."""
    warm()
    threading.Thread(target=_keep_clean, daemon=True, name="clean").start()
    from sde_explorer.ahead import look_ahead, wait_until_idle

    for name in (*NEXT, *LATER):  # one at a time: who comes meanwhile waits for no more than one
        wait_until_idle()
        warm((name,))
    look_ahead()


def _keep_clean() -> None:
    """Remove what visitors left, at the start and every hour."""
    from sde_explorer.readings.cached.sets import server_folder

    pause = threading.Event()
    while True:
        for folder in sweep(server_folder()):
            log.tell("swept", folder=folder.name)
        pause.wait(3600)
