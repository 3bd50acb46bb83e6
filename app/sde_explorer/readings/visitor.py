"""Who looks at the page: where their sets, uploads and trainings lie."""

from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sde_explorer.serving.visitors import COOKIE, seen, visitor_folder


def folder_of_visitor(base: Path) -> Path:
    """Return the visitor's own folder in the server's cache folder; a thread that serves nobody gets one that is empty.

    Args:
        base: cache folder of the server.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return visitor_folder(base, signed_in="", cookie="", session="nobody")
    folder = visitor_folder(
        base,
        signed_in=_signed_in(),
        cookie=st.context.cookies.get(COOKIE, ""),
        session=context.session_id,
    )
    seen(folder)
    return folder


def _signed_in() -> str:
    """Return who the sign-in, or a trusted proxy, says it is; empty without one."""
    user = st.user.to_dict()
    name = user.get("sub") or user.get("email")
    return f"{user.get('iss', '')}/{name}" if name else ""
