"""A zip archive that holds pairs in any of the other formats: a table with images, shards, a folder, parquet."""

from dataclasses import replace

from sde_core.errors import DataError
from sde_core.pairs.base import Pairs
from sde_core.pairs.registry import open_detected
from sde_core.pairs.source import Source
from sde_core.pairs.zip_tree import ZipTree

LOOKS_FOR = "a zip archive (*.zip) of any of these"


def detects(source: Source) -> bool:
    """Return whether ``source`` is a file called *.zip."""
    return source.tree is None and source.path.name.lower().endswith(".zip") and source.path.is_file()


def open_source(source: Source) -> Pairs:
    """Return the pairs inside the archive.

    Raises:
        DataError: it is no zip archive, a bomb, or holds no pairs.
    """
    if source.tree is not None or not source.path.is_file():
        raise DataError(f"{source.uri} must be a zip archive; there is no such file")
    tree = ZipTree(source.path)
    try:
        return open_detected(replace(source, tree=tree))
    except DataError as error:
        if refused := tree.refused():
            raise DataError(
                f"{error}; {len(refused)} of its files are not read; {refused[0].item}: {refused[0].reason}"
            ) from None
        raise
