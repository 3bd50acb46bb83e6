"""Looks on disk: a folder of append-only Arrow streams, one a writer, readable while they are written.

A run is a folder. Every process that writes there opens a part of its own, ``looks-0000.arrow`` and so on, and adds one
record batch a look: what stands before a kill or a full disk stays whole, and two writers cannot spoil each other's.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.errors import DataError
from sde_core.training.monitoring.columns import look_of, schema_of
from sde_core.training.monitoring.locks import is_locked
from sde_core.training.monitoring.look import Look

if TYPE_CHECKING:
    import pyarrow as pa

PATTERN = "looks-*.arrow"
_UNREADABLE = (OSError, ValueError, EOFError, MemoryError)  # pyarrow's own are among them


class LooksReader:
    """The looks of a run, read on from where the last call stopped.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places: dict[Path, int] = {}
        self._schemas: dict[Path, pa.Schema] = {}

    def new_looks(self) -> list[Look]:
        """Return the looks written since the last call, by step; none of a part that is no part of ours."""
        found = [look for path in sorted(self.folder.glob(PATTERN)) for look in self._of_part(path)]
        return sorted(found, key=lambda look: look.step)

    def n_writers(self) -> int:
        """Return how many processes have the run open for writing; 0 where the system knows no locks."""
        return sum(is_locked(path) for path in self.folder.glob(PATTERN))

    def _of_part(self, path: Path) -> Iterator[Look]:
        import pyarrow as pa

        with suppress(FileNotFoundError), path.open("rb") as file:  # gone again: nothing fitted into it
            file.seek(self._places.get(path, 0))
            while True:
                try:
                    message = pa.ipc.read_message(pa.PythonFile(file))
                    if path not in self._schemas:
                        self._schemas[path] = schema_of(message)
                        self._places[path] = file.tell()
                        continue
                    batch = pa.ipc.read_record_batch(message, self._schemas[path])
                    batch.validate(full=True)
                    looks = [look_of(row) for row in batch.to_pylist()]
                except (*_UNREADABLE, KeyError, TypeError):
                    return  # the end, half a look, or nothing of ours
                self._places[path] = file.tell()
                yield from looks


def read_looks(folder: str | Path) -> tuple[Look, ...]:
    """Return all looks of a run by step; of looks at one step, the one that was written last.

    Args:
        folder: of the run, as given to `SpectralMonitor`, or one part of it.

    Raises:
        DataError: there is no such run, or no whole look in it yet.
    """
    folder = Path(folder).expanduser()
    if folder.is_file():
        folder = folder.parent
    if not any(folder.glob(PATTERN)):
        raise DataError(
            f"{folder} must be the folder of a run that SpectralMonitor writes; it has no {PATTERN}"
        )
    looks = LooksReader(folder).new_looks()
    if not looks:
        raise DataError(
            f"{folder} holds no look yet: the first comes after the steps that the monitor was given"
        )
    return latest(looks)


def latest(looks: list[Look]) -> tuple[Look, ...]:
    """Return looks by step, of those at one step the one read last: a resumed run goes over some steps again.

    Not by their times: a clock may have been set back.
    """
    by_step = {look.step: look for look in looks}
    return tuple(by_step[step] for step in sorted(by_step))


def runs_below(place: str | Path) -> tuple[Path, ...]:
    """Return the folders of the runs at a place: itself, or those directly below it, by name.

    Raises:
        DataError: there is no run.
    """
    place = Path(place).expanduser()
    folder = place.parent if place.is_file() else place
    runs = [
        each
        for each in (folder, *(sorted(folder.iterdir()) if folder.is_dir() else ()))
        if each.is_dir() and any(each.glob(PATTERN))
    ]
    if not runs:
        raise DataError(
            f"{place} must hold a run that SpectralMonitor writes, itself or directly below; there is none"
        )
    return tuple(runs)
