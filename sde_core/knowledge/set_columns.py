"""Every column that a set has: its metadata, what its captions say, and what its images look like."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sde_core.errors import ConfigError
from sde_core.knowledge.caption_columns import N_WORDS, caption_columns
from sde_core.knowledge.columns import Column
from sde_core.knowledge.image_statistics import image_statistics
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet


def set_columns(
    embeddings: "EmbeddingSet",
    side: Modality | Literal["image", "text"] = Modality.IMAGE,
    *,
    images: bool = True,
    n_words: int = N_WORDS,
    cache: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Column]:
    """Return every column of a set by name, for `band_knowledge`: metadata, captions, statistics of the images.

    A column of the metadata comes before one of the same name that is made here.

    Args:
        embeddings: a set.
        side: whose rows captions are counted for; metadata and statistics are of the images, and texts inherit them.
        images: whether the images are read, if they are on this machine.
        n_words: most frequent words that become columns; 0 leaves captions out.
        cache: folder that keeps the statistics of the images.
        progress: called with images done and images in all while they are read; may raise to stop.

    Raises:
        ConfigError: an unknown side.
    """
    if side not in MODALITIES:
        raise ConfigError(f"side must be {' or '.join(MODALITIES)}; got {side!r}")
    found = {name: Column.of(name, values) for name, values in embeddings.metadata.items()}
    made: dict[str, Column] = {}
    if images:
        folder = None if cache is None else Path(cache).expanduser()
        made |= image_statistics(embeddings, cache=folder, progress=progress)
    if n_words:
        made |= caption_columns(embeddings, Modality(side), n_words=n_words)
    return found | {name: column for name, column in made.items() if name not in found}
