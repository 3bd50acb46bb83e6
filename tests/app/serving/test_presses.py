"""Presses that another one follows at once: none is lost, none is done by half."""

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest

from sde_explorer.serving.presses import take_presses_whole

SCRIPT = """
import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx


def press():
    get_script_run_ctx().script_requests.request_rerun(RerunData())  # the browser asks for another run just now
    st.session_state["pressed"] = st.session_state.get("pressed", 0) + 1
    st.query_params["pressed"] = "yes"
    st.session_state["ended"] = True


st.button("press", on_click=press)
st.text(f"{st.session_state.get('pressed', 0)} {st.session_state.get('ended')}")
"""


@pytest.mark.parametrize(("is_whole", "said"), [(False, "0 None"), (True, "1 True")])
def test_another_request_waits_until_a_press_is_taken(monkeypatch, is_whole, said):
    for owner, name in (
        (SafeSessionState, "on_script_will_rerun"),
        (ScriptRunner, "_maybe_handle_execution_control_request"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back at the end
    if is_whole:
        take_presses_whole()
    at = AppTest.from_string(SCRIPT).run()
    at = at.button[0].click().run()
    assert not at.exception
    assert at.text[0].value == said
