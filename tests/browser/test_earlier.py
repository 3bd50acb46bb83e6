"""Whether a page of other code counts as complete, which `python -m benchmarks.earlier` waits for."""

from contextlib import closing

import pytest

from benchmarks.earlier import cold

pytestmark = pytest.mark.browser
_CHART = "import streamlit as st\nst.plotly_chart({'data': [{'y': [1, 2]}]})\n"


@pytest.fixture
def page(chromium):
    with closing(chromium.new_context()) as context:
        yield context.new_page()


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "app").mkdir()

    def made(last):
        (tmp_path / "app" / "main.py").write_text(_CHART + last, "utf-8")
        return tmp_path

    return made


def test_a_page_is_complete_once_nothing_on_it_is_on_its_way(page, checkout):
    first, complete = cold(page, checkout("st.write('all')"), "spectrum")
    assert 0 < first <= complete < 300


@pytest.mark.parametrize("last", ["st.progress(0.5)", "st.html('<b>…</b>')"])
def test_a_page_that_never_is_complete_counts_as_long_as_one_waited(page, checkout, last):
    assert cold(page, checkout(last), "spectrum", patience_s=8)[1] == 8
