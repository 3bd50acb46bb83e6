"""Ids of many pairs in little memory: 8 bytes an id until they are sorted, 24 after."""

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class IdIndex:
    """Entries 0, 1, 2, ... by the hash of their id; an entry's own id is kept by whoever asks.

    Two ids share a hash with a chance of 3 in 10^8 for a million ids: compare the ids of what comes back.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._sorted: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None = None

    def add(self, pair_id: str) -> None:
        """Add the id of the next entry."""
        self._hashes.append(hash(pair_id))
        self._sorted = None

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._hashes)

    def entries(self, pair_id: str) -> list[int]:
        """Return the entries with this id, in order."""
        import numpy as np

        hashes, order = self._in_order()
        left, right = (np.searchsorted(hashes, hash(pair_id), side) for side in ("left", "right"))
        found: list[int] = order[left:right].tolist()
        return found

    def n_distinct(self) -> int:
        """Return the number of distinct ids."""
        import numpy as np

        hashes, _ = self._in_order()
        return int(np.count_nonzero(np.diff(hashes))) + (len(hashes) > 0)

    def groups(self) -> Iterator[list[int]]:
        """Yield the entries of each id, ids and entries in order of appearance."""
        import numpy as np

        hashes, order = self._in_order()
        if not len(hashes):
            return
        starts = np.flatnonzero(np.r_[True, np.diff(hashes) != 0])
        ends = np.r_[starts[1:], len(hashes)]
        for group in np.argsort(order[starts], kind="stable"):
            yield order[starts[group] : ends[group]].tolist()

    def _in_order(self) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
        """Return the sorted hashes and their entries."""
        import numpy as np

        if self._sorted is None:
            hashes = np.array(self._hashes, dtype=np.int64)
            order = np.argsort(hashes, kind="stable")
            self._sorted = hashes[order], order
        return self._sorted
