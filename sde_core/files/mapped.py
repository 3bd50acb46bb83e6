"""Arrays inside files: small ones are read whole, large ones memory-mapped.

A mapped file that is cut off while it is in use ends the process (SIGBUS); what was read whole cannot. A server that
opens the files of others maps a copy that has no name (`copy_before_mapping`); everybody else leaves large files alone:
replace a file, never write into it.
"""

import math
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError

READ_WHOLE_BYTES = 64 << 20
"""Arrays up to this size are read whole."""
COPIED_BYTES = 4 << 30
"""Files up to this size are copied before they are mapped, where that was asked for."""
_SPARE_BYTES = 512 << 20
_BLOCK_BYTES = 1 << 20  # of a copy; a block that leaves the processor's cache takes four times as long
_copies: list[Path] = []


def copy_before_mapping(folder: Path | None) -> None:
    """Let this process map copies of files from now on: what others do to the files cannot end it then.

    Files above 4 GiB, and those for which there is no room, are mapped as they are.

    Args:
        folder: for the copies, which have no name and go with the process; files below it are this program's own,
            which are replaced and never changed, and are not copied. None maps every file as it is.
    """
    _copies[:] = [] if folder is None else [folder.expanduser().resolve()]


@contextmanager
def to_map(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield what is to be mapped of an open file: itself, or its copy, as `copy_before_mapping` says.

    Raises:
        OSError: it has no descriptor, as what lies in an archive.
    """
    copy = _copied(file)
    if copy is None:
        yield file
    else:
        with copy:
            yield copy


@contextmanager
def path_to_map(path: Path) -> Iterator[Path]:
    """Yield the path by which a library maps a file of others: its own, or that of a copy without a name.

    The copy is `copy_before_mapping`'s; what was mapped of it stays after the end.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        copy = _copied(file)
    if copy is None:
        yield path
        return
    with copy:
        unnamed = Path(f"/proc/self/fd/{copy.fileno()}")
        yield unnamed if unnamed.exists() else path


def is_read_whole(path: Path) -> bool:
    """Return whether a file is so small that what is in it is read at once, and nothing of it stays mapped.

    Raises:
        OSError: it cannot be looked at.
    """
    return path.stat().st_size <= READ_WHOLE_BYTES


def _copied(file: IO[bytes]) -> IO[bytes] | None:
    """Return a copy without a name, or None where there shall be none, or can be none."""
    size = os.fstat(file.fileno()).st_size
    if not _copies or not 0 < size <= COPIED_BYTES or Path(file.name).resolve().is_relative_to(_copies[0]):
        return None
    folder, at = _copies[0], file.tell()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
            return None
        copy = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (closed by whoever maps it)
    except OSError:
        return None
    try:
        _fill(copy, file, size)
        copy.seek(at)
    except OSError:  # the disk filled up meanwhile
        copy.close()
        return None
    finally:
        file.seek(at)
    return copy


def _fill(copy: IO[bytes], file: IO[bytes], size: int) -> None:
    """Copy a file within the kernel, which shares blocks where the file system can, or else by blocks from there on."""
    done = 0
    with suppress(AttributeError, OSError):  # not on this system, or not between these two places
        while part := os.copy_file_range(file.fileno(), copy.fileno(), size - done, done, done):
            done += part
    file.seek(done)
    copy.seek(done)
    shutil.copyfileobj(file, copy, _BLOCK_BYTES)


def array_in_file(
    path: Path,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int,
    order: Literal["C", "F"] = "C",
    *,
    whole: bool = True,
) -> npt.NDArray[Any]:
    """Return the array that begins at ``offset``; changes of it stay in memory.

    Raises:
        DataError: the file ends before the array does.
        OSError: it cannot be read.
    """
    size = math.prod(shape) * dtype.itemsize
    if size > READ_WHOLE_BYTES or not whole:
        # "c": torch warns of arrays that cannot be written.
        with path.open("rb") as file, to_map(file) as mapped:
            return np.memmap(mapped, dtype, "c", offset, shape, order)
    content = bytearray(size)
    with path.open("rb") as file:
        file.seek(offset)
        if file.readinto(content) != size:
            raise DataError(f"{path} is cut off")
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def check_regular(path: Path) -> None:
    """Refuse what is neither a file nor a folder: a pipe would be waited for without end, a device read for ever.

    Raises:
        DataError: a pipe, a socket or a device.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return  # whoever opens it says what is wrong
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DataError(f"{path} must be a file; it is a pipe, a socket or a device")
