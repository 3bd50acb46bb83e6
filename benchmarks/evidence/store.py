"""Cells on disk: one small JSON each, named by what made it, written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


def key_of(cell: Cell) -> str:
    """Return the name of a cell: a digest of its settings."""
    return hashlib.sha256(json.dumps(cell, sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """Results by settings.

    Args:
        folder: where they are kept; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def find(self, cell: Cell) -> Cell | None:
        """Return the result of a cell, or None if it has not run."""
        path = self._path(cell)
        if not path.exists():
            return None
        found: Cell = json.loads(path.read_text("utf-8"))
        return found["result"]  # type: ignore[no-any-return]

    def keep(self, cell: Cell, result: Cell) -> None:
        """Write the result of a cell."""
        path = self._path(cell)
        half = path.with_suffix(f".{os.getpid()}.part")
        with half.open("w", encoding="utf-8") as out:
            json.dump({"cell": cell, "result": result}, out, sort_keys=True)
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)

    def all(self) -> Iterator[tuple[Cell, Cell]]:
        """Yield every cell with its result."""
        for path in sorted(self.folder.glob("*.json")):
            found = json.loads(path.read_text("utf-8"))
            yield found["cell"], found["result"]

    def _path(self, cell: Cell) -> Path:
        return self.folder / f"{key_of(cell)}.json"
