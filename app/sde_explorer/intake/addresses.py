"""Short ids that stand in addresses for paths of the server; links with the paths themselves open as ever.

The list lies in the server's folder and not in a visitor's, so that a link that is sent opens for a colleague too,
where the server lets both see the place.
"""

import hashlib
import json
import re
import threading
from pathlib import Path

from sde_core.files.text_file import write_json
from sde_explorer.intake.names import is_path

FILE = "addresses.json"
MOST = 10_000
_ID = re.compile(r"~[0-9a-f]{12}")
_LOCK = threading.Lock()
_KNOWN: dict[Path, dict[str, str]] = {}


def is_id(value: str) -> bool:
    """Return whether a value of an address stands for a path."""
    return _ID.fullmatch(value) is not None


def id_of(base: Path, value: str) -> str:
    """Return what an address says for pairs, vectors or an encoder: an id for a path, and a name as it is.

    Args:
        base: folder of the server, where the id is kept; where nothing can be written the path stays.
        value: as the state has it.
    """
    if not is_path(value) or is_id(value):
        return value
    short = f"~{hashlib.sha256(value.encode(errors='surrogatepass')).hexdigest()[:12]}"
    with _LOCK:
        if _read(base).get(short) != value:
            known = dict(list(_read(base).items())[1 - MOST :]) | {short: value}
            try:
                base.mkdir(parents=True, exist_ok=True)
                write_json(base / FILE, known)
            except OSError:
                return value
            _KNOWN[base] = known
    return short


def path_of(base: Path, short: str) -> str:
    """Return the path that an id stands for; empty where this server never gave it."""
    with _LOCK:
        return _read(base).get(short, "")


def _read(base: Path) -> dict[str, str]:
    if base not in _KNOWN:
        try:
            given = json.loads((base / FILE).read_text("utf-8"))
        except (OSError, ValueError):
            given = {}
        pairs = given.items() if isinstance(given, dict) else ()
        _KNOWN[base] = {key: value for key, value in pairs if is_id(key) and isinstance(value, str)}
    return _KNOWN[base]
