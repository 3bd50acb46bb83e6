"""Runs followed while they are written: what is new since the last reading, whoever was started anew meanwhile."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.checks.drawn import plotted
from sde_core.errors import DataError
from sde_core.files.place import check_place
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.record import PATTERN, LooksReader, latest, runs_below
from sde_core.training.monitoring.verdicts import Alarm, alarms_and_verdict


@dataclass(frozen=True, slots=True, eq=False)
class FollowedRun:
    """A run as of the last read.

    Attributes:
        folder: of the run.
        looks: by step.
        is_live: whether a process has it open for writing.
        alarms: in order.
        verdict: the state at the last look, in words.
    """

    folder: Path
    looks: tuple[Look, ...] = ()
    is_live: bool = False
    alarms: tuple[Alarm, ...] = ()
    verdict: str = "too early to say"

    __repr__ = brief
    plot = plotted

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name or str(self.folder)


@dataclass(slots=True)
class _Reading:
    """Of one run: its reader, what it read, and the files that it read from."""

    reader: LooksReader
    files: dict[str, tuple[int, int]]
    looks: list[Look] = field(default_factory=list)
    run: FollowedRun | None = None


class RunsFollower:
    """The runs at a place, each read on from where the last call stopped.

    A run whose files were replaced is read afresh, one that was removed is gone, one that was added comes in.

    Args:
        place: a run, a part of it, or a folder of runs.
    """

    def __init__(self, place: str | Path) -> None:
        check_place(place, "place")
        self.place = Path(place).expanduser()
        self._readings: dict[Path, _Reading] = {}

    def runs(self) -> tuple[FollowedRun, ...]:
        """Return the runs by name; one that has not changed is the same object as before.

        Raises:
            DataError: there is no run at the place, or it cannot be read.
        """
        try:
            folders = runs_below(self.place)
        except OSError as error:
            raise DataError(f"{self.place} must be a folder that can be read: {error.strerror}") from None
        self._readings = {folder: self._reading(folder) for folder in folders}
        return tuple(_read_on(reading) for reading in self._readings.values())

    def _reading(self, folder: Path) -> _Reading:
        files = _files(folder)
        before = self._readings.get(folder)
        if before is not None and all(_goes_on(old, files.get(name)) for name, old in before.files.items()):
            before.files = files
            return before
        return _Reading(LooksReader(folder), files)


def _read_on(reading: _Reading) -> FollowedRun:
    is_live = reading.reader.n_writers() > 0  # before reading: the last look of a writer that ends counts
    new = reading.reader.new_looks()
    before = reading.run
    if before is not None and not new and before.is_live == is_live:
        return before
    reading.looks.extend(new)
    looks = latest(reading.looks)
    reading.run = FollowedRun(reading.reader.folder, looks, is_live, *alarms_and_verdict(looks))
    return reading.run


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the parts of a run by name: which file it is, and its bytes."""
    facts = {}
    for path in folder.glob(PATTERN):
        with suppress(FileNotFoundError):  # gone again
            found = path.stat()
            facts[path.name] = found.st_ino, found.st_size
    return facts


def _goes_on(before: tuple[int, int], now: tuple[int, int] | None) -> bool:
    """Return whether a part is the file that it was: an append-only file never shrinks."""
    return now is not None and now[0] == before[0] and now[1] >= before[1]
