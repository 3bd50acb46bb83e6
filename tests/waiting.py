"""The one place where a test looks again and again for a state of something that cannot be waited for."""

import time
from collections.abc import Callable


def until(reached: Callable[[], object], seconds: float = 120, every: float = 0.05) -> None:
    """Look until ``reached`` is true.

    Args:
        reached: says whether the state is there; it may do what brings it on.
        seconds: after which the test fails.
        every: seconds between two looks.
    """
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"not reached in {seconds} s"
        time.sleep(every)
