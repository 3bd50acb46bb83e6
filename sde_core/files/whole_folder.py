"""Folders written whole or not at all, and files known again by samples of their bytes."""

import ctypes
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sde_core.files.claims import claimed_folder

_SAMPLE, _N_SAMPLES = 4096, 64
_AT_CWD, _EXCHANGE = -100, 2  # of renameat2(2)


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its place, synced, when the block ends well.

    A reader sees the old folder or the whole new one. Where the system cannot swap two folders (others than
    Linux), there is a moment with none; the old one then lies beside it as ``.NAME.writing-*``. What a killed
    writer left there is removed by the next one.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with claimed_folder(folder) as fresh:
        yield fresh
        fresh.chmod(0o755)
        for path in (*fresh.iterdir(), fresh):
            sync(path)
        _take_place(fresh, folder)
        sync(folder.parent)


def _take_place(fresh: Path, folder: Path) -> None:
    """Rename ``fresh`` to ``folder``; a folder that was there is then ``fresh``, or gone."""
    if not folder.exists():
        fresh.rename(folder)
    elif not _swapped(fresh, folder):
        with claimed_folder(folder) as old:
            folder.rename(old / "set")
            try:
                fresh.rename(folder)
            except OSError:
                (old / "set").rename(folder)
                raise


def _swapped(first: Path, second: Path) -> bool:
    """Swap two folders in one step; return False where the system or its file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return bool(rename(_AT_CWD, os.fsencode(first), _AT_CWD, os.fsencode(second), _EXCHANGE) == 0)


def sync(path: Path) -> None:
    """Have the disk keep a file or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sampled_digest(path: Path) -> str:
    """Return a hex digest of size and 64 blocks of 4 KiB, the first and the last among them.

    A file of up to 256 KiB is read whole. Larger damage and other files are seen; a few changed bytes may not.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if size <= _SAMPLE * _N_SAMPLES:
            digest.update(file.read())
        else:
            for number in range(_N_SAMPLES):
                file.seek((size - _SAMPLE) * number // (_N_SAMPLES - 1))
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
