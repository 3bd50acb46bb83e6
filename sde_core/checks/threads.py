"""How many cores compute: one for small work, and each of them its own piece of a list."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import torch

Item = TypeVar("Item")
Found = TypeVar("Found")


@contextmanager
def one_thread() -> Iterator[None]:
    """Let this thread compute on one core; a thread that starts to compute meanwhile keeps to one as well."""
    before = torch.get_num_threads()
    if before == 1:  # setting it again would have every thread that starts later keep to one for good
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Have OpenBLAS, which numpy and scipy compute with, keep each product on the core of its caller; for all threads.

    For who shares pieces out to threads itself: two threads that call it at one time wait for each other, spinning.
    Its number of threads belongs to the process; it is set back when the last one that asked for this is done.
    """
    _BLAS.begin()
    try:
        yield
    finally:
        _BLAS.end()


class _OpenBLAS:
    """How many ask for one thread of OpenBLAS, and what sets its own number back."""

    def __init__(self) -> None:
        self._lock, self._asking = threading.Lock(), 0
        self._limit: Any = None

    def begin(self) -> None:
        with self._lock:
            if self._asking == 0:
                self._limit = _controller().limit(limits=1)
            self._asking += 1

    def end(self) -> None:
        with self._lock:
            self._asking -= 1
            if self._asking == 0:
                self._limit.restore_original_limits()


_BLAS = _OpenBLAS()


@lru_cache(maxsize=1)
def _controller() -> Any:  # noqa: ANN401  (threadpoolctl has no types)
    import scipy.linalg  # noqa: F401  so that its OpenBLAS is there
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(internal_api="openblas")


def keep_to_one_core() -> None:
    """Have torch compute on one core in the thread that calls this, and in no other; for a thread that has just begun.

    torch's number of threads belongs to the thread that sets it (OpenMP's and MKL's both), and is what threads begin
    with that compute for the first time later. So another thread, which then ends, sets that back.
    """
    before = torch.get_num_threads()
    if before == 1 or "ATen parallel backend: OpenMP" not in torch.__config__.parallel_info():
        return  # without OpenMP there is one number for all threads, which is the caller's
    torch.set_num_threads(1)
    later = threading.Thread(target=torch.set_num_threads, args=(before,))
    later.start()
    later.join()


def side_by_side(work: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """Yield ``work`` of each item, in order, while the next ones are computed: one item a core, on one thread each.

    Small matrix products gain little from two cores, whole pieces of work all of it. At most two items a thread of
    torch are begun ahead of who takes the results; with one thread none is. What ``work`` raises comes up at its item,
    and no further one is begun.

    Args:
        work: safe to run beside itself.
        items: what it is done to.

    >>> list(side_by_side(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            begun: deque[Future[Found]] = deque(
                pool.submit(work, each) for each in islice(waiting, 2 * threads)
            )
            try:
                while begun:
                    found = begun.popleft().result()
                    begun.extend(pool.submit(work, each) for each in islice(waiting, 1))
                    yield found
            finally:
                for each in begun:
                    each.cancel()
    finally:
        torch.set_num_threads(threads)  # for threads that are still to come, which take what was set last
