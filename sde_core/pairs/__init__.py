"""Readers of image-text pairs, one format a file, behind one call."""

from pathlib import Path

from sde_core import bundled
from sde_core.errors import DataError
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.pairs.image import decode_image

__all__ = ["Pair", "Pairs", "Skipped", "decode_image", "open_pairs"]


def open_pairs(path_or_uri: str | Path) -> Pairs:
    """Return the image-text pairs at ``path_or_uri``; no picture is read yet.

    Args:
        path_or_uri: a bundled set ("emoji", "clipart", or one split of it such as "emoji/test"), a
            WebDataset shard, a folder of shards or a pattern of shards.

    Returns:
        Pairs: iterate for `Pair`, or `find` one by its id.

    Raises:
        DataError: nothing there, or nothing in a known format.
    """
    from sde_core.pairs.webdataset import open_webdataset

    uri = str(path_or_uri)
    path = Path(uri).expanduser()
    if not uri:
        raise DataError("path_or_uri must name a set of pairs; got an empty string")
    name, _, split = uri.partition("/")
    if name in bundled.PAIR_SETS and not path.exists():
        folder = bundled.pairs_folder(name)
        return open_webdataset(folder / f"{split}-*.tar.gz" if split else folder, uri)
    if not path.exists() and "*" not in path.name and "?" not in path.name:
        raise DataError(
            f"path_or_uri must be a file, a folder or one of {', '.join(bundled.PAIR_SETS)}; "
            f"there is no {uri}"
        )
    return open_webdataset(path, uri)
