"""Parts of the page that follow what runs look more seldom where many wait."""

import threading

import pytest
import streamlit as st

from sde_explorer.readings.cached import background
from sde_explorer.ui.followed import followed


@pytest.mark.parametrize(("waiting", "seconds"), [(1, 1.0), (10, 6.0), (20, 10.0)])
def test_twenty_pages_that_wait_ask_as_often_as_a_few(monkeypatch, waiting, seconds):
    paces, over = [], threading.Event()
    fragment = st.fragment

    def noted(part, *, run_every):
        paces.append(run_every)
        return fragment(part, run_every=run_every)

    monkeypatch.setattr(st, "fragment", noted)
    job = background.in_background("slot", f"{waiting} wait", "Nothing", lambda _: over.wait(120))
    try:
        before = background.n_waiting()
        for number in range(waiting):
            job.watch(f"session {number}")
        assert background.n_waiting() - before == waiting
        followed(lambda: None)()
    finally:
        over.set()
        job.wait()
    assert paces == [seconds]
    assert background.n_waiting() == before
