"""One name for one set: what a command line, a link or a spec can hold."""

from pathlib import Path

from sde_core.embedding_formats.opening import open_embeddings
from sde_core.embeddings import EmbeddingSet


def open_named(name: str) -> EmbeddingSet:
    """Return an embedding set by name, folder or file; "IMAGE,TEXT" are two files of vectors.

    Raises:
        DataError: nothing there, or nothing in a known format.
    """
    image, comma, text = name.partition(",")
    if comma and not Path(name).expanduser().exists():
        return open_embeddings(image.strip(), text=text.strip())
    return open_embeddings(name)
