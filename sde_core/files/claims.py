"""What is being written has a hidden name, locked as long as its writer lives; what a killed one left is removed."""

import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not on this system: age decides alone
    fcntl = None  # type: ignore[assignment]

MARK = ".writing-"
"""In the name of everything that is being written: ``.NAME.writing-*`` beside NAME."""
LEFTOVER_S = 24 * 3600
"""Where the file system knows no locks: nothing is written for a day."""


@contextmanager
def claimed_folder(beside: Path) -> Iterator[Path]:
    """Yield a new hidden folder beside a path, which nobody removes while this process lives; it is gone afterwards.

    Args:
        beside: what it will become; its parent is there.
    """
    remove_leftovers(beside.parent, beside.name)
    while True:
        made = Path(tempfile.mkdtemp(prefix=f".{beside.name}{MARK}", dir=beside.parent))
        handle = _locked(made, wait=True)
        if made.exists():  # between the two lines somebody may have taken it for a leftover
            break
        _let_go(handle)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        _let_go(handle)


@contextmanager
def claimed_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of ``path``, synced, when the block ends well, and vanishes when not.

    Raises:
        OSError: the place cannot be written.
    """
    remove_leftovers(path.parent, path.name)
    while True:
        # Closed below, where its name is gone already.
        file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}{MARK}", delete=False)  # noqa: SIM115
        handle = _locked(Path(file.name), wait=True)
        if os.path.exists(file.name):
            break
        file.close()
        _let_go(handle)
    try:
        yield file
        file.flush()
        os.fsync(file.fileno())
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(file.name)
        raise
    finally:
        with suppress(OSError):  # a full disk says so once, above
            file.close()
        _let_go(handle)


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Wait until no other process is in a block with this path; where there are no locks, do not wait.

    Args:
        path: an empty file that stands for what is changed; made if missing, and stays.

    Raises:
        OSError: it cannot be made.
    """
    path.touch()
    handle = _locked(path, wait=True)
    try:
        yield
    finally:
        _let_go(handle)


@contextmanager
def alone_if_free(path: Path) -> Iterator[bool]:
    """Yield whether no other process is in a block with this path, and keep others out if so.

    Where there are no locks, everything is free.

    Args:
        path: an empty file that stands for what is done; made if missing, and stays.

    Raises:
        OSError: it cannot be made.
    """
    path.touch()
    handle = _locked(path, wait=False)
    try:
        yield handle is not None
    finally:
        _let_go(handle)


def leftovers(folder: Path) -> list[Path]:
    """Return what was being written in a folder, not below it, by processes that are gone."""
    return [path for path in sorted(folder.glob(f".*{MARK}*")) if _is_left(path, remove=False)]


def remove_leftovers(folder: Path, name: str | None = None) -> list[Path]:
    """Remove what processes that are gone were writing in a folder, and return it; what cannot be removed stays.

    Args:
        folder: to look into, not below it.
        name: of what was to be written; None is everything.
    """
    pattern = "*" if name is None else glob.escape(name)
    return [path for path in sorted(folder.glob(f".{pattern}{MARK}*")) if _is_left(path, remove=True)]


def _is_left(path: Path, *, remove: bool) -> bool:
    """Return whether the writer of a hidden path is gone; then it may be removed, before anybody else looks."""
    handle = _locked(path, wait=False)
    if handle is None:
        return False
    try:
        # Without locks: times in the future, of a clock that was set back, are no proof of life either.
        if handle < 0 and abs(time.time() - path.lstat().st_mtime) <= LEFTOVER_S:
            return False
        if remove and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif remove:
            path.unlink()
    except OSError:
        return False
    finally:
        _let_go(handle)
    return True


def _locked(path: Path, *, wait: bool) -> int | None:
    """Return a handle that holds the lock of a path; -1 where there are no locks, None where another has it."""
    if fcntl is None:
        return -1
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None if not wait else -1  # gone already, or a link: none of ours
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # a file system without locks
        os.close(handle)
        return -1
    return handle


def _let_go(handle: int | None) -> None:
    if handle is not None and handle >= 0:
        os.close(handle)
