"""Readers of image-text pairs, one format a file, behind one call."""

from pathlib import Path

from sde_core.errors import DataError
from sde_core.files import bundled
from sde_core.files.place import check_place
from sde_core.pairs.base import Classification, Pair, Pairs, Skipped
from sde_core.pairs.image import decode_image
from sde_core.pairs.registry import detected_name, format_names, open_as, open_detected
from sde_core.pairs.source import Source

__all__ = [
    "Classification",
    "Pair",
    "Pairs",
    "Skipped",
    "decode_image",
    "detect_format",
    "format_names",
    "open_pairs",
]


def open_pairs(
    path_or_uri: str | Path, format: str | None = None, *, image_root: str | Path | None = None
) -> Pairs:
    """Return the image-text pairs at ``path_or_uri``; no image is read yet.

    Args:
        path_or_uri: a bundled set ("emoji", "clipart", or one split of it such as "emoji/test"), a file, a
            folder, a pattern of shards, a hub name; docs/data.md shows every format.
        format: one of `format_names`; None detects it.
        image_root: folder of your own that names of images in a table count from, also absolute ones of another
            machine, and into which links of a folder may lead.

    Returns:
        Pairs: iterate for `Pair`, or `find` one by its id.

    Raises:
        DataError: nothing there, or nothing in a known format.
        ConfigError: ``format`` is unknown.
    """
    source = source_at(path_or_uri, image_root)
    return open_detected(source) if format is None else open_as(format, source)


def detect_format(path_or_uri: str | Path) -> str | None:
    """Return the format that `open_pairs` would take, one of `format_names`, or None; nothing is opened.

    Args:
        path_or_uri: as `open_pairs` takes it.

    Raises:
        DataError: ``path_or_uri`` names nothing.
    """
    return detected_name(source_at(path_or_uri))


def source_at(path_or_uri: str | Path, image_root: str | Path | None = None) -> Source:
    """Return the source that is read for ``path_or_uri``, as `open_pairs` takes it.

    Raises:
        DataError: ``path_or_uri`` names nothing.
    """
    uri = str(path_or_uri)
    if not uri.strip() or "\0" in uri:
        raise DataError(f"path_or_uri must name a set of pairs; got {uri!r}")
    for place, name in ((uri, "path_or_uri"), (image_root, "image_root")):
        if place is not None:
            check_place(place, name)
    root = None if image_root is None else Path(image_root).expanduser()
    return _bundled(uri) or Source.of(uri, root)


def _bundled(uri: str) -> Source | None:
    name, _, split = uri.partition("/")
    if name not in bundled.PAIR_SETS or Path(uri).exists():
        return None
    folder = bundled.pairs_folder(name)
    return Source(uri=uri, path=folder / f"{split or '*'}-*.tar.gz", tree=None)
