"""Arrays inside files: small ones are read whole, large ones memory-mapped.

A mapped file that is cut off while it is in use ends the process (SIGBUS); what was read whole cannot. The system
offers nothing against that for large files but to leave them alone: replace a file, never write into it.
"""

import math
import os
import stat
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError

READ_WHOLE_BYTES = 64 << 20
"""Arrays up to this size are read whole."""


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
        return np.memmap(path, dtype, "c", offset, shape, order)
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
