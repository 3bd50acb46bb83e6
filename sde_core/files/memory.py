"""A budget of memory: what it is where nobody says, and whether work fits into it."""

import re
from pathlib import Path

from sde_core.errors import ConfigError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_GROUP = Path("/sys/fs/cgroup")


def as_bytes(text: str) -> int:
    """Return a size such as "2G", "1.5GiB" or "800M" in bytes; units count by 1,024.

    Raises:
        ConfigError: not a size above 0.

    >>> as_bytes("2G"), as_bytes("1.5 KiB")
    (2147483648, 1536)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if size < 1:
        raise ConfigError(f"memory must be a size such as 2G or 800M; got {text!r}")
    return size


def in_words(n_bytes: float) -> str:
    """Return a number of bytes as people write it.

    >>> in_words(3 << 29), in_words(70 << 20)
    ('1.5 GiB', '70 MiB')
    """
    return (
        f"{n_bytes / (1 << 30):.1f} GiB"
        if n_bytes >= 1 << 30
        else f"{max(1, round(n_bytes / (1 << 20))):,} MiB"
    )


def default_budget() -> int:
    """Return what this machine, or the container, has free for us now; 2 GiB where neither says."""
    free = [_of_machine(), _of_group()]
    known = [size for size in free if size is not None]
    return max(1, min(known)) if known else 2 << 30


def check_fits(needed: float, budget: int | None, work: str, remedy: str) -> None:
    """Refuse work that would hold more than the budget.

    Args:
        needed: bytes that it holds at one time, beside the libraries and files that are only mapped.
        budget: bytes; None takes `default_budget`.
        work: what is done, as a sentence begins.
        remedy: what to do instead of giving more.

    Raises:
        ConfigError: the budget is smaller.
    """
    allowed = default_budget() if budget is None else budget
    if needed > allowed:
        raise ConfigError(
            f"memory must be at least {in_words(needed)}: {work}; got {in_words(allowed)}: give more, or {remedy}"
        )


def _of_machine() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) << 10 if found else None


def _of_group() -> int | None:
    """Return what the limit of the control group leaves; pages of files that it holds can be had back."""
    try:
        limit = int((_GROUP / "memory.max").read_text())
        used = re.search(r"^anon (\d+)", (_GROUP / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # "max" is no limit
        return None
    return max(0, limit - (int(used[1]) if used else 0))
