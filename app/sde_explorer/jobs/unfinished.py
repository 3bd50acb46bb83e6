"""Encodings that a killed server left in the middle: noted when they begin, so that the page can offer to go on."""

import json
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sde_core.files.text_file import write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An encoding that began and did not end.

    Attributes:
        source: the pairs, as `open_pairs` takes them.
        encoder: as it was named.
        format: of the pairs, where it was named.
        root: of the pictures that they name, where one was given.
        blocks: folder of what is done.
    """

    source: str
    encoder: str
    format: str = ""
    root: str = ""
    blocks: str


def note(cache: Path, begun: Unfinished) -> None:
    """Write down what begins; a folder that cannot be written says so where the set itself is written."""
    place = _place(cache, begun)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_json(place, asdict(begun))


def over(cache: Path, begun: Unfinished) -> None:
    """Take an encoding off the list, and remove the blocks that it left.

    Args:
        cache: folder of whoever began it.
        begun: what was noted; nothing outside the cache is removed, whatever it says.
    """
    shutil.rmtree(cache / "embeddings" / Path(begun.blocks).name, ignore_errors=True)
    place = _place(cache, begun)
    place.unlink(missing_ok=True)
    for folder in (place.parent, cache / "embeddings", cache):
        with suppress(OSError):  # something else lies there
            folder.rmdir()


def unfinished(cache: Path) -> tuple[Unfinished, ...]:
    """Return what did not end, by name; a damaged note is left out."""
    found = []
    for path in sorted((cache / "unfinished").glob("*.json")):
        try:
            known = json.loads(path.read_text("utf-8"))
            found.append(
                Unfinished(
                    **{
                        name: str(known[name])
                        for name in Unfinished.__slots__
                        if name in known or name != "root"
                    }
                )
            )
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return tuple(found)


def _place(cache: Path, begun: Unfinished) -> Path:
    return cache / "unfinished" / f"{Path(begun.blocks).name}.json"
