"""What was decided about pairs, a file a set in the cache folder: written whole or not at all, read by every tab."""

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

from sde_core.errors import DataError
from sde_core.files.claims import alone_with
from sde_core.files.text_file import write_json

FOLDER = "reviews"
FORMAT = 1
History = tuple[tuple[int, str], ...]
"""Link and decision, the latest last."""
_LOCK = threading.Lock()


def read_history(cache: Path, fingerprint: str) -> History:
    """Return what was decided about the pairs of a set; a file that cannot be read says nothing.

    Args:
        cache: the visitor's folder.
        fingerprint: of the set: of other content nothing was decided.
    """
    try:
        content = json.loads(_file(cache, fingerprint).read_text("utf-8"))
        if content["format"] != FORMAT:
            return ()
        return tuple((int(link), str(decision)) for link, decision in content["decisions"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def change_history(cache: Path, fingerprint: str, change: Callable[[History], History]) -> History:
    """Return the history with a change, written; what another tab decided meanwhile is in what is changed.

    Args:
        cache: the visitor's folder.
        fingerprint: of the set.
        change: of the history as it stands on the disk.

    Raises:
        DataError: the folder cannot be written.
    """
    path = _file(cache, fingerprint)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _LOCK, alone_with(path.with_suffix(".lock")):
            after = change(read_history(cache, fingerprint))
            write_json(path, {"format": FORMAT, "decisions": [list(each) for each in after]})
    except OSError as error:
        raise DataError(f"decisions cannot be kept in {path.parent}: {error.strerror}") from None
    return after


def _file(cache: Path, fingerprint: str) -> Path:
    return cache / FOLDER / f"{re.sub('[^0-9A-Za-z]', '-', fingerprint)}.json"
