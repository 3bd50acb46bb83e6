"""Pieces of work side by side: in order, each on one thread, none begun in vain after a fault."""

import threading

import pytest
import scipy.linalg  # noqa: F401  its OpenBLAS is there
import torch
from threadpoolctl import threadpool_info

from sde_core.checks.threads import keep_to_one_core, one_blas_thread, one_thread, side_by_side
from sde_core.spectra.eigen import symmetric_eigen


@pytest.fixture(params=[1, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_order_each_from_one_thread_and_no_more_at_once_than_cores(threads):
    at_work, most, lock = [0], [0], threading.Lock()
    gate = threading.Barrier(threads)

    def work(item):
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        gate.wait(timeout=60)  # as many are at work at once as there are threads
        with lock:
            at_work[0] -= 1
        return item, torch.get_num_threads()

    assert list(side_by_side(work, range(12))) == [(item, 1) for item in range(12)]
    assert most[0] == threads
    assert torch.get_num_threads() == threads
    later = []
    other = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert later == [threads]


def test_what_is_raised_comes_up_at_its_item_and_few_more_are_begun(threads):
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise ValueError("two")
        return item

    found = side_by_side(work, range(100))
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(found)
    assert len(begun) <= 2 + 2 * threads + 1


def test_who_stops_early_ends_the_threads(threads):
    before = threading.active_count()
    found = side_by_side(abs, range(-50, 0))
    assert next(found) == 50
    found.close()
    assert threading.active_count() == before


def test_one_thread_is_for_this_work_only(threads):
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == threads


def _in_a_thread(*works):
    found = []
    thread = threading.Thread(target=lambda: found.extend(work() for work in works))
    thread.start()
    thread.join()
    return found


def test_one_core_holds_for_the_thread_that_asks_and_no_other(threads):
    inside = _in_a_thread(
        torch.get_num_threads,
        keep_to_one_core,
        torch.get_num_threads,
        lambda: symmetric_eigen(torch.eye(3, dtype=torch.float64)),  # sets the number, and sets it back
        torch.get_num_threads,
    )
    assert (inside[0], inside[2], inside[4]) == (threads, 1, 1)
    assert torch.get_num_threads() == threads
    assert _in_a_thread(torch.get_num_threads) == [threads]


def test_openblas_keeps_to_one_thread_until_the_last_one_is_done():
    before = _openblas()
    assert before
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    assert set(_openblas()) == {1}
    first.__exit__(None, None, None)  # not in the order of a stack: they belong to two threads
    assert set(_openblas()) == {1}
    second.__exit__(None, None, None)
    assert _openblas() == before


def _openblas():
    return [each["num_threads"] for each in threadpool_info() if each["internal_api"] == "openblas"]
