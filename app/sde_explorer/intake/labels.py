"""Names that people give to sets, uploads, vector files, encoders and trainings; ids stay what addresses carry."""

import json
import threading
from pathlib import Path

from sde_core.files.text_file import write_json

FILE = "labels.json"
MOST_LETTERS = 60
MOST = 2_000
_LOCK = threading.Lock()


def read_labels(cache: Path) -> dict[str, str]:
    """Return the names by id; a damaged file holds none."""
    try:
        given = json.loads((cache / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(given, dict):
        return {}
    return {key: value for key, value in given.items() if isinstance(value, str) and value}


def give_label(cache: Path, key: str, label: str) -> None:
    """Call something by a name; an empty one takes the name away.

    Args:
        cache: folder of the visitor.
        key: id of the set, the encoder or the training.
        label: at most `MOST_LETTERS` letters are kept.
    """
    words = " ".join(label.split())[:MOST_LETTERS]
    with _LOCK:
        known = {k: v for k, v in read_labels(cache).items() if k != key}
        if words:
            known = dict(list(known.items())[-(MOST - 1) :]) | {key: words}
        cache.mkdir(parents=True, exist_ok=True)
        write_json(cache / FILE, known)
