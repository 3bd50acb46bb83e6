"""A budget of memory: what it is where nobody says, whether work fits into it, and a limit that keeps it there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sde_core.errors import ConfigError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_GROUP = Path("/sys/fs/cgroup")
_STATUS = Path("/proc/self/status")
# What imports on the way, buffers of the linear algebra and stacks of threads take, by machine and by core.
_LIBRARIES, _OF_CORE = 256 << 20, 16 << 20


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


def free_bytes() -> int:
    """Return what this machine, or the container, has free for us now; 2 GiB where neither says."""
    free = [_of_machine(), _of_group()]
    known = [size for size in free if size is not None]
    return max(1, min(known)) if known else 2 << 30


def check_fits(needed: float, budget: int | None, work: str, remedy: str) -> None:
    """Refuse work that would hold more than the budget.

    Args:
        needed: bytes that it holds at one time, beside the libraries and files that are only mapped.
        budget: bytes; None takes `free_bytes`.
        work: what is done, as a sentence begins.
        remedy: what to do instead of giving more.

    Raises:
        ConfigError: the budget is smaller.
    """
    allowed = free_bytes() if budget is None else budget
    if needed > allowed:
        raise ConfigError(
            f"memory must be at least {in_words(needed)}: {work}; got {in_words(allowed)}: give more, or {remedy}"
        )


@contextmanager
def kept(budget: int | None, work: str) -> Iterator[None]:
    """Hold the process to a budget while it works: the system refuses more, which becomes one sentence.

    What it holds already, files that are only read, and some room for the libraries do not count. Where the system
    cannot be asked, or nobody gave a budget, nothing is limited.

    Args:
        budget: bytes, or None.
        work: what is done, as a sentence begins.

    Raises:
        ConfigError: the work wanted more.
    """
    held = _private()
    if budget is None or held is None:
        yield
        return
    import resource

    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = held + budget + _LIBRARIES + _OF_CORE * (os.cpu_count() or 1)
    limits = [size for size in (wanted, before, hard) if size != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        raise ConfigError(
            f"memory must be more than {in_words(budget)}: {work} wanted more; give more, or open a part of the set"
        ) from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _private() -> int | None:
    """Return the bytes that the limit counts now, None where the system does not say."""
    try:
        found = re.search(r"VmData:\s+(\d+) kB", _STATUS.read_text())
    except OSError:
        return None
    return int(found[1]) << 10 if found else None


def _of_machine() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) << 10 if found else None


def _of_group() -> int | None:
    """Return what the limit of the control group leaves; pages of files that it keeps can be had back."""
    try:
        limit, used = (int((_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        cached = re.findall(r"^(?:in)?active_file (\d+)", (_GROUP / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # "max" is no limit
        return None
    return max(0, limit - used + sum(map(int, cached)))
