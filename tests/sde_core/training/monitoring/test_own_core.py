"""One thread on one core, all others as they were: those that run, and those that begin later."""

import threading

import pytest
import torch

from sde_core.spectra.eigen import symmetric_eigen
from sde_core.training.monitoring.own_core import keep_to_one_core


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def _in_a_thread(*works):
    found = []
    thread = threading.Thread(target=lambda: found.extend(work() for work in works))
    thread.start()
    thread.join()
    return found


@pytest.mark.usefixtures("three_threads")
def test_it_holds_for_the_thread_that_asks_and_no_other():
    inside = _in_a_thread(
        torch.get_num_threads,
        keep_to_one_core,
        torch.get_num_threads,
        lambda: symmetric_eigen(torch.eye(3, dtype=torch.float64)),  # sets the number, and sets it back
        torch.get_num_threads,
    )
    assert (inside[0], inside[2], inside[4]) == (3, 1, 1)
    assert torch.get_num_threads() == 3
    assert _in_a_thread(torch.get_num_threads) == [3]
