"""A press is taken whole: what asks for another run meanwhile waits until its callback has ended.

Streamlit breaks off a run at nearly every call where another one is asked for, and a callback at every look into the
session as well: on a busy machine a press that is followed by another within milliseconds would do half of its work,
or none. Callbacks are short here (what takes long is a job), so they are left in peace.
"""

import threading
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState

_NOW = threading.local()
_RERUN = SafeSessionState.on_script_will_rerun
_YIELD = getattr(ScriptRunner, "_maybe_handle_execution_control_request", None)
"""Not public: a Streamlit that has no such method keeps its own way."""


def take_presses_whole() -> None:
    """Let no run of this process be broken off while it takes what was pressed."""
    if _YIELD is None:
        return
    SafeSessionState.on_script_will_rerun = _taken_whole  # type: ignore[assignment, method-assign]
    ScriptRunner._maybe_handle_execution_control_request = _yield_between  # type: ignore[method-assign]


def _taken_whole(state: SafeSessionState, *args: Any, **more: Any) -> None:  # noqa: ANN401
    _NOW.is_taking = True
    try:
        _RERUN(state, *args, **more)
    finally:
        _NOW.is_taking = False


def _yield_between(self: ScriptRunner) -> None:
    if _YIELD is not None and not getattr(_NOW, "is_taking", False):
        _YIELD(self)
