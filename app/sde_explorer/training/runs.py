"""Trainings on disk: what was asked for, what was told, where the checkpoints lie. No streamlit here.

A training is a folder: ``request.json`` says what was asked for, ``events.jsonl`` what was told (one event a
line), and each run has a folder with its checkpoints. So a training outlives the browser and the server.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sde_core import DataError
from sde_core.checks.settings import from_plain, to_plain
from sde_core.files.text_file import write_json
from sde_core.training import FinetuneConfig
from sde_explorer.training.numbers.run import TrainingLog

REQUEST, EVENTS = "request.json", "events.jsonl"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What was asked for.

    Attributes:
        title: in words.
        data: pairs as the Data choice names them.
        folder: of the embedding set that is trained on.
        part: filters of the set.
        fingerprint: content of what is trained on.
        runs: settings by the name of the run, the one of interest first.
    """

    title: str
    data: str
    folder: str
    part: tuple[str, ...]
    fingerprint: str
    runs: Mapping[str, FinetuneConfig]


def new_folder(cache: Path, label: str, now: datetime) -> Path:
    """Return a name for a training that no other has."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", label).strip("-")[:40]
    stem = cache / "trainings" / f"{now:%Y%m%d-%H%M%S}-{words}"
    number, folder = 1, stem
    while folder.exists():
        number += 1
        folder = stem.with_name(f"{stem.name}-{number}")
    return folder


def write_request(request: TrainingRequest, folder: Path) -> None:
    """Write the request, whole or not at all.

    Raises:
        DataError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / REQUEST, plain_request(request))
    except OSError as error:
        raise DataError(
            f"the training's folder {folder} must be writable; {error.strerror or error}: "
            "set SDE_CACHE to a folder with room"
        ) from None


def plain_request(request: TrainingRequest) -> dict[str, Any]:
    """Return the request as JSON has it; `request_from` reads it."""
    return {
        "format": _FORMAT,
        "title": request.title,
        "data": request.data,
        "folder": request.folder,
        "part": list(request.part),
        "fingerprint": request.fingerprint,
        "runs": {name: to_plain(config) for name, config in request.runs.items()},
    }


def request_from(plain: Mapping[str, Any]) -> TrainingRequest:
    """Return the request that `plain_request` gave."""
    return TrainingRequest(
        title=str(plain["title"]),
        data=str(plain["data"]),
        folder=str(plain["folder"]),
        part=tuple(plain["part"]),
        fingerprint=str(plain["fingerprint"]),
        runs={str(name): from_plain(FinetuneConfig, config) for name, config in plain["runs"].items()},
    )


def read_request(folder: Path) -> TrainingRequest:
    """Return what was asked for.

    Raises:
        DataError: there is no such training, or another version wrote it.
    """
    path = folder / REQUEST
    try:
        plain = json.loads(path.read_text("utf-8"))
        if plain["format"] != _FORMAT:
            raise DataError(f"{path} was written by another version; start the training again")
        return request_from(plain)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder.name} is no training that can be read here: {error}") from None


def read_log(folder: Path) -> TrainingLog:
    """Return what was told; a last line that was cut by a crash is left out."""
    log = TrainingLog()
    try:
        with (folder / EVENTS).open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    log.add(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    continue
    except OSError:
        pass
    return log


class EventFile:
    """Events as they come, one JSON a line, flushed so that a killed process loses at most a line."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / EVENTS).open("a", encoding="utf-8")
        self._works = True

    def add(self, event: Mapping[str, Any]) -> None:
        """Append an event; a disk that is full ends the record, never the training."""
        if not self._works:
            return
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError:
            self._works = False

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError:
            self._works = False


def known_trainings(cache: Path) -> list[Path]:
    """Return the folders of trainings, newest first."""
    return sorted((p.parent for p in cache.glob(f"trainings/*/{REQUEST}")), reverse=True)


def last_checkpoint(folder: Path, run: str) -> Path | None:
    """Return the newest checkpoint of a run, or None."""
    from sde_core.training.checkpoint import LAST

    path = folder / run / LAST
    return path if path.is_file() else None


def trained_set(cache: Path, folder: Path, run: str) -> Path:
    """Return where the vectors of a run that ended well lie."""
    return cache / "embeddings" / f"{folder.name}-{run}"
