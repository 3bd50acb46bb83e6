"""What was opened lately: a short list in the cache folder, written whole or not at all."""

import json
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sde_core.files.text_file import write_json

FILE = "recent.json"
MOST = 30
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """One embedding set that was opened.

    Attributes:
        data: name of its pairs, or its folder, as the state has it.
        encoder: as the state has it.
        folder: where the vectors lie.
        source: what was given to open it: a path, an upload or a hub name; empty if it was the set itself.
        format: of the source, where it was named and not detected.
        root: of the pictures that the source names, where one was given.
        n_images: pictures in it.
        opened: seconds since 1970.
    """

    data: str
    encoder: str
    folder: str
    source: str = ""
    format: str = ""
    root: str = ""
    n_images: int = 0
    opened: float = 0.0

    @property
    def key(self) -> tuple[str, str]:
        """By what it is known: opened again, it moves up."""
        return self.data, self.encoder

    @property
    def is_there(self) -> bool:
        """Whether its vectors are still on the disk."""
        return (Path(self.folder) / "manifest.json").is_file()


def read_recent(cache: Path) -> tuple[Recent, ...]:
    """Return what was opened, the newest first; a damaged list is an empty one, a damaged entry is left out."""
    try:
        entries = json.loads((cache / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    found = [_entry(entry) for entry in entries] if isinstance(entries, list) else []
    return tuple(entry for entry in found if entry is not None)[:MOST]


def named_format(cache: Path, source: str) -> str:
    """Return the format that pairs were opened with where it was named, else an empty string."""
    return next((entry.format for entry in read_recent(cache) if entry.source == source), "")


def named_root(cache: Path, source: str) -> str:
    """Return the folder of pictures that pairs were opened with where one was named, else an empty string."""
    return next((entry.root for entry in read_recent(cache) if entry.source == source), "")


def remember(cache: Path, entry: Recent) -> None:
    """Put an entry at the top of the list; what the list knew of its source stays."""
    with _LOCK:
        known = read_recent(cache)
        before = next((old for old in known if old.key == entry.key), None)
        if before is not None and not entry.source:
            entry = replace(entry, source=before.source, format=before.format, root=before.root)
        if known and replace(known[0], opened=0.0) == replace(entry, opened=0.0):
            return  # it is on top already
        fresh = replace(entry, opened=time.time())
        _write(cache, (fresh, *(old for old in known if old.key != entry.key)))


def forget(cache: Path, key: tuple[str, str]) -> None:
    """Take an entry off the list; no other file is touched."""
    with _LOCK:
        _write(cache, tuple(entry for entry in read_recent(cache) if entry.key != key))


def _write(cache: Path, entries: tuple[Recent, ...]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    write_json(cache / FILE, [asdict(entry) for entry in entries[:MOST]])


def _entry(given: object) -> Recent | None:
    if not isinstance(given, dict):
        return None
    kinds = {"data": str, "encoder": str, "folder": str, "source": str, "format": str, "n_images": int}
    try:
        values = {name: kind(given[name]) for name, kind in kinds.items()}
        return Recent(**values, root=str(given.get("root", "")), opened=float(given["opened"]))
    except (KeyError, TypeError, ValueError):
        return None
