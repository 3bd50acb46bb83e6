"""How many browser tabs are connected, and how often each may look at what runs. No streamlit here."""

LOOK_S = 1.0
"""Seconds between two looks of a tab where few are there: a person sees no difference."""
LOOKS_A_SECOND = 5.0
"""Of all tabs together: each look is a run of the server's interpreter, which computes meanwhile."""
PARTS = 3
"""Of a page that waits: picture, table and side panel look each by themselves."""
SLOWEST_S = 10.0
"""What ends is told at once (`looks`): this is how far a bar may lag behind."""

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


def seconds_between_looks(tabs: int, waiting: int = 0) -> float:
    """Return after how many seconds a part of a page looks again at what runs.

    Args:
        tabs: that are connected.
        waiting: those of them whose page waits for numbers.

    >>> [seconds_between_looks(n) for n in (0, 5, 10, 20, 1000)]
    [1.0, 1.0, 2.0, 4.0, 10.0]
    >>> [seconds_between_looks(20, n) for n in (1, 5, 10, 20)]
    [4.0, 4.0, 6.0, 10.0]
    """
    return min(max(LOOK_S, max(tabs, waiting * PARTS) / LOOKS_A_SECOND), SLOWEST_S)
