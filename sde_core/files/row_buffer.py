"""A matrix that grows by rows: in memory while it is small, in a temporary file beyond that."""

import tempfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError

IN_MEMORY_BYTES = 256 << 20


class RowBuffer:
    """Rows of one width and dtype, appended block by block; memory stays below `IN_MEMORY_BYTES` and a block."""

    def __init__(self) -> None:
        self._blocks: list[npt.NDArray[Any]] = []
        self._file: IO[bytes] | None = None
        self._rows = self._bytes = self._width = 0
        self._dtype: np.dtype[Any] = np.dtype(np.float32)

    def __len__(self) -> int:
        return self._rows

    def append(self, block: npt.NDArray[Any]) -> None:
        """Add (k, d) rows.

        Raises:
            DataError: the folder for temporary files (TMPDIR) is full.
        """
        if not len(block):
            return
        self._width, self._dtype = block.shape[1], block.dtype
        self._rows += len(block)
        self._bytes += block.nbytes
        self._blocks.append(block)
        if self._bytes > IN_MEMORY_BYTES:
            self._spill()

    def array(self) -> npt.NDArray[Any]:
        """Return all rows, (rows, d); a memory map of a file without a name if they are many."""
        if self._file is None:
            return np.concatenate(self._blocks) if self._blocks else np.empty((0, 0), self._dtype)
        self._spill()
        with self._file as file:
            return np.memmap(file, dtype=self._dtype, mode="r+", shape=(self._rows, self._width))

    def _spill(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="sde-vectors-")  # noqa: SIM115
            for block in self._blocks:
                self._file.write(np.ascontiguousarray(block).data)
            self._file.flush()
        except OSError as error:
            raise DataError(
                f"the vectors cannot be kept in {tempfile.gettempdir()}: {error.strerror}; set TMPDIR to a larger disk"
            ) from None
        self._blocks, self._bytes = [], 0
