"""Looks on disk: a folder of append-only Arrow streams, one a writer, readable while they are written.

A run is a folder. Every process that writes there opens a part of its own, ``looks-0000.arrow`` and so on, and adds one
record batch a look: what stands before a kill or a full disk stays whole, and two writers cannot spoil each other's.
"""

import os
from collections.abc import Iterator
from dataclasses import fields
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.training.monitoring.look import Look, ModalityLook

if TYPE_CHECKING:
    import pyarrow as pa

PATTERN = "looks-*.arrow"
_KIND = b"sde.looks.1"
_END = b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow stream
_ARRAYS = {
    "values": "float",
    "labels": "int8",
    "mean": "float",
    "directions": "halffloat",
    "agreement": "float",
}
_DTYPES = {"float": np.float32, "int8": np.int8, "halffloat": np.float16}
_UNREADABLE = (OSError, ValueError, EOFError, MemoryError)  # pyarrow's own are among them


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
        folder.mkdir(parents=True, exist_ok=True)
        self.n_others = sum(_is_locked(path) for path in folder.glob(PATTERN))
        self._open()

    def add(self, look: Look) -> None:
        """Add a look and have the disk keep it.

        Raises:
            OSError: it could not be written; the looks before it are whole, and the next one begins a new part.
        """
        try:
            if self._file is None:
                self._open()
            self._write(_batch(look).serialize())
        except OSError:
            if self._file is not None:
                self._file.close()  # half a look would hide those after it
            self._file = None
            raise

    def close(self) -> None:
        """Write the end, which says that the writer was not killed."""
        if self._file is not None:
            with self._file:
                self._write(_END)

    def _open(self) -> None:
        self.path, self._file = _new_part(self._folder)
        _lock(self._file)
        self._write(_schema().serialize())

    def _write(self, content: "pa.Buffer | bytes") -> None:
        assert self._file is not None
        rest = memoryview(content)
        while len(rest):
            rest = rest[self._file.write(rest) :]
        os.fsync(self._file.fileno())


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
        return sum(_is_locked(path) for path in self.folder.glob(PATTERN))

    def _of_part(self, path: Path) -> Iterator[Look]:
        import pyarrow as pa

        with path.open("rb") as file:
            file.seek(self._places.get(path, 0))
            while True:
                try:
                    message = pa.ipc.read_message(pa.PythonFile(file))
                    if path not in self._schemas:
                        self._schemas[path] = _read_schema(message)
                        self._places[path] = file.tell()
                        continue
                    batch = pa.ipc.read_record_batch(message, self._schemas[path])
                    batch.validate(full=True)
                    looks = [_look(row) for row in batch.to_pylist()]
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


def _schema() -> "pa.Schema":
    import pyarrow as pa

    side = pa.struct(
        [
            (f.name, pa.list_(pa.type_for_alias(_ARRAYS[f.name])) if f.name in _ARRAYS else pa.float64())
            for f in fields(ModalityLook)
        ]
        + [("width", pa.int64())]
    )
    kinds = {
        "step": pa.int64(),
        "n_rows": pa.int64(),
        "n_last": pa.int64(),
        "image": side,
        "text": side,
        "cross": pa.list_(pa.float32()),
    }
    kinds |= {"scalars": pa.map_(pa.string(), pa.float64())}
    kinds |= {"remarks": pa.list_(pa.string()), "alarms": pa.list_(pa.string())}
    return pa.schema(
        [(f.name, kinds.get(f.name, pa.float64())) for f in fields(Look)], metadata={b"kind": _KIND}
    )


def _read_schema(message: "pa.Message") -> "pa.Schema":
    import pyarrow as pa

    schema = pa.ipc.read_schema(message)
    if (schema.metadata or {}).get(b"kind") != _KIND:
        raise ValueError("not of a monitor")
    return schema


def _batch(look: Look) -> "pa.RecordBatch":
    import pyarrow as pa

    row: dict[str, Any] = {f.name: getattr(look, f.name) for f in fields(Look)}
    row["cross"] = look.cross.tolist()
    row["scalars"] = list(look.scalars.items())
    for name in ("image", "text"):
        row[name] = None if row[name] is None else _side_row(row[name])
    return pa.RecordBatch.from_pylist([row], schema=_schema())


def _side_row(side: ModalityLook) -> dict[str, Any]:
    row = {f.name: getattr(side, f.name) for f in fields(ModalityLook)}
    for name, kind in _ARRAYS.items():
        row[name] = list(row[name].astype(_DTYPES[kind]).ravel())
    return row | {"width": len(side.mean)}


def _look(row: dict[str, Any]) -> Look:
    content = {f.name: row[f.name] for f in fields(Look) if f.name in row}
    content |= {name: None if row[name] is None else _side(row[name]) for name in ("image", "text")}
    content["cross"] = np.asarray(row["cross"], np.float32)
    content["scalars"] = dict(row["scalars"])
    return Look(**content | {name: tuple(row[name]) for name in ("remarks", "alarms")})


def _side(row: dict[str, Any]) -> ModalityLook:
    width = row.pop("width")
    arrays: dict[str, npt.NDArray[Any]] = {
        name: np.asarray(row[name], np.int8 if kind == "int8" else np.float32)
        for name, kind in _ARRAYS.items()
    }
    arrays["directions"] = arrays["directions"].reshape(width, -1)
    return ModalityLook(**row | arrays | {"not_finite": int(row["not_finite"])})


def _lock(file: FileIO) -> None:
    """Lock a part for as long as its writer lives; where there are no locks nothing says so."""
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return


def _is_locked(path: Path) -> bool:
    try:
        import fcntl

        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False
