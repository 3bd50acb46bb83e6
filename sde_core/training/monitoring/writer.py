"""Looks written: each process adds to a part of its own, one record batch a look, kept by the disk before the next."""

import os
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.training.monitoring.columns import as_batch, looks_schema
from sde_core.training.monitoring.locks import is_locked, lock
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.record import PATTERN

if TYPE_CHECKING:
    import pyarrow as pa

_END = b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow stream


class LooksWriter:
    """One writer's part of a run.

    Args:
        folder: of the run; made if it is missing.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: FileIO | None = None
        self._holds_looks = False
        folder.mkdir(parents=True, exist_ok=True)
        self.n_others = sum(is_locked(path) for path in folder.glob(PATTERN))
        self._open()

    def add(self, look: Look) -> None:
        """Add a look and have the disk keep it.

        Raises:
            OSError: it could not be written; the looks before it are whole, and the next one begins a new part.
        """
        if self._file is None:
            self._open()
        self._write(as_batch(look).serialize())
        self._holds_looks = True

    def close(self) -> None:
        """Write the end, which says that the writer was not killed."""
        if self._file is not None:
            self._write(_END)
            self._file.close()

    def _open(self) -> None:
        self.path, self._file = _new_part(self._folder)
        self._holds_looks = False
        lock(self._file)
        self._write(looks_schema().serialize())

    def _write(self, content: "pa.Buffer | bytes") -> None:
        assert self._file is not None
        rest = memoryview(content)
        try:
            while len(rest):
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.close()  # half a look would hide those after it
            self._file = None
            if not self._holds_looks:  # a full disk would gather one at each look
                self.path.unlink(missing_ok=True)
            raise


def check_writable(folder: Path) -> None:
    """Make the folder of a run where it is missing.

    Raises:
        DataError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} must be a folder that can be written: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder} must be a folder that can be written: permission denied")


def _new_part(folder: Path) -> tuple[Path, FileIO]:
    number = 1 + max(
        (int(path.stem[6:]) for path in folder.glob(PATTERN) if path.stem[6:].isdigit()), default=-1
    )
    while True:
        path = folder / f"looks-{number:04d}.arrow"
        try:
            return path, path.open("xb", buffering=0)
        except FileExistsError:  # another writer was quicker
            number += 1
