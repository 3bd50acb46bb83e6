"""What `rest` waits for: the answer to what was just clicked or moved, however late it is asked and given."""

import pytest

from sde_explorer.screenshots import dashboard, new_page, rest

pytestmark = pytest.mark.browser
SCRIPT = """
import time
import streamlit as st

def more():  # before the script, which may be broken off before it comes to the button
    st.session_state["n"] = st.session_state.get("n", 0) + 1


value = st.slider("value", 0, 9)  # tells the server a moment after the key
st.button("more", on_click=more)
time.sleep(0.7)
st.text(f"{st.session_state.get('n', 0)} {value}")
"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """The address of a page whose script takes its time."""
    script = tmp_path_factory.mktemp("slow") / "slow.py"
    script.write_text(SCRIPT)
    with dashboard(script=script) as url:
        yield url


def test_the_answer_is_there_after_rest(slow, chromium):
    context = chromium.new_context()
    page = new_page(context)
    page.goto(slow)
    said = page.get_by_test_id("stText")
    said.wait_for()
    rest(page)
    for n in (1, 2, 3):
        page.get_by_role("button", name="more").click()
        rest(page)
        assert said.inner_text() == f"{n} 0"
    page.get_by_role("slider").press("End")
    rest(page)
    assert said.inner_text() == "3 9"
    page.get_by_role("button", name="more").click()
    page.get_by_role("slider").press("Home")  # the first run is broken off by the second
    rest(page)
    assert said.inner_text() == "4 0"
    context.close()
