"""Cells on disk: one small JSON each, named by what made it, written whole or not at all."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sde_core.files.claims import claimed_file

Cell = dict[str, Any]
Kept = Callable[[], Iterable[tuple[Cell, Cell]]]
"""Returns cells with their results."""


def key_of(cell: Cell) -> str:
    """Return the name of a cell: a digest of its settings."""
    return hashlib.sha256(json.dumps(cell, sort_keys=True).encode()).hexdigest()[:16]


def rounded(value: Any) -> Any:  # noqa: ANN401
    """Return a result with six digits of every number, as it is kept: a search must not turn on how it resumed."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(x) for key, x in value.items()}
    return [rounded(x) for x in value] if isinstance(value, list) else value


class Store:
    """Results by settings.

    Args:
        folder: where they are kept; made if missing.
        kept: what is kept elsewhere and found first, read at the first look: a fresh folder goes on from it.
    """

    def __init__(self, folder: Path, kept: Kept = tuple) -> None:
        self.folder = folder
        self._read_kept = kept
        folder.mkdir(parents=True, exist_ok=True)

    def find(self, cell: Cell) -> Cell | None:
        """Return the result of a cell, or None if it has not run."""
        elsewhere = self._kept.get(key_of(cell))
        if elsewhere is not None:
            return dict(elsewhere[1])
        path = self._path(cell)
        if not path.exists():
            return None
        found: Cell = json.loads(path.read_text("utf-8"))
        return found["result"]  # type: ignore[no-any-return]

    def keep(self, cell: Cell, result: Cell) -> Cell:
        """Write the result of a cell and return it as it is kept, `rounded`."""
        text = json.dumps({"cell": cell, "result": rounded(result)}, sort_keys=True)
        with claimed_file(self._path(cell)) as out:
            out.write(text.encode())
        found: Cell = json.loads(text)
        return found["result"]  # type: ignore[no-any-return]

    def all(self) -> Iterator[tuple[Cell, Cell]]:
        """Yield every cell with its result, those that are kept elsewhere first."""
        yield from self._kept.values()
        for path in sorted(self.folder.glob("*.json")):
            if path.stem not in self._kept:
                found = json.loads(path.read_text("utf-8"))
                yield found["cell"], found["result"]

    @cached_property
    def _kept(self) -> dict[str, tuple[Cell, Cell]]:
        return {key_of(cell): (cell, result) for cell, result in self._read_kept()}

    def _path(self, cell: Cell) -> Path:
        return self.folder / f"{key_of(cell)}.json"
