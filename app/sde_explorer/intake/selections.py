"""Named selections of pictures, kept beyond a link's size: small files in the cache folder. No streamlit here."""

import hashlib
import json
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import sde_core as sde
from sde_core.files.text_file import write_json

MOST_NAME = 60
"""Letters of a name."""
MOST_KEPT = 200
_FOLDER = "selections"
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Pictures that were picked and given a name.

    Attributes:
        name: what people call it.
        data: name of the pairs, as the state has it.
        ids: of the pictures; of texts where a set has no pictures.
        saved: seconds since 1970.
    """

    name: str
    data: str
    ids: tuple[str, ...]
    saved: float = 0.0

    @property
    def key(self) -> str:
        """What an address carries: a digest of what is selected, whatever it is called."""
        told = "\x00".join((self.data, *sorted(self.ids)))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a list says of a kept selection; attributes as of `Selection`.

    Attributes:
        key: what an address carries.
        count: pictures in it.
    """

    key: str
    name: str
    data: str
    count: int
    saved: float


def save_selection(cache: Path, selection: Selection) -> Selection:
    """Keep a selection, under a new name if it is known; the oldest beyond `MOST_KEPT` leave.

    Raises:
        DataError: it has no name, or nothing is selected.
    """
    name = " ".join(selection.name.split())[:MOST_NAME]
    if not name:
        raise sde.DataError("a selection must have a name: type one")
    if not selection.ids:
        raise sde.DataError("nothing is selected: pick some pictures first")
    kept = replace(selection, name=name, saved=time.time())
    folder = cache / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{kept.key}.ids", list(kept.ids))
    head = {"name": kept.name, "data": kept.data, "count": len(kept.ids), "saved": kept.saved}
    write_json(folder / f"{kept.key}.json", head)
    for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MOST_KEPT]:
        forget_selection(cache, old.stem)
    return kept


def read_selection(cache: Path, key: str) -> Selection | None:
    """Return the selection of an address, or None where there is none, or it is damaged."""
    head = _head(cache, key)
    try:
        ids = json.loads((cache / _FOLDER / f"{key}.ids").read_text("utf-8")) if head else []
    except (OSError, ValueError):
        return None
    if head is None or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        return None
    return Selection(name=head.name, data=head.data, ids=tuple(ids), saved=head.saved)


def selections_of(cache: Path, data: str) -> tuple[Head, ...]:
    """Return the names of the kept selections of a set, the newest first."""
    found = [_head(cache, path.stem) for path in (cache / _FOLDER).glob("*.json")]
    mine = [one for one in found if one is not None and one.data == data]
    return tuple(sorted(mine, key=lambda one: -one.saved))


def forget_selection(cache: Path, key: str) -> None:
    """Delete a selection; pictures and vectors stay."""
    if _ID.fullmatch(key):
        for ending in ("json", "ids"):
            (cache / _FOLDER / f"{key}.{ending}").unlink(missing_ok=True)


def _head(cache: Path, key: str) -> Head | None:
    if not _ID.fullmatch(key):
        return None
    try:
        given = json.loads((cache / _FOLDER / f"{key}.json").read_text("utf-8"))
        return Head(
            key=key,
            name=str(given["name"])[:MOST_NAME],
            data=str(given["data"]),
            count=int(given["count"]),
            saved=float(given["saved"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
