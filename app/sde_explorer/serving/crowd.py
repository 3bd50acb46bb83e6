"""How many browser tabs are connected, and how often each may look at what runs. No streamlit here."""

LOOK_S = 1.0
"""Seconds between two looks of a tab where few are there: a person sees no difference."""
LOOKS_A_SECOND = 5.0
"""Of all tabs together: each look is a run of the server's interpreter, which computes meanwhile."""
SLOWEST_S = 5.0

_TABS = [0]


def arrived() -> None:
    """Count one more tab."""
    _TABS[0] += 1


def left() -> None:
    """Count one tab less."""
    _TABS[0] -= 1


def tabs() -> int:
    """Return the tabs that are connected."""
    return _TABS[0]


def seconds_between_looks(tabs: int) -> float:
    """Return after how many seconds a tab looks again at what runs.

    >>> [seconds_between_looks(n) for n in (0, 5, 10, 20, 1000)]
    [1.0, 1.0, 2.0, 4.0, 5.0]
    """
    return min(max(LOOK_S, tabs / LOOKS_A_SECOND), SLOWEST_S)
