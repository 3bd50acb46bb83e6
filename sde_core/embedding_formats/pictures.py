"""The images behind vectors that came without: ids by order, and whether ids lead to images."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sde_core.embedding_formats.sources import Source
from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.provenance import Provenance

_LOOKED_UP = 16


def with_pairs(source: Source, pairs: str | Path | None) -> tuple[Source, Provenance]:
    """Return the source with ids, and captions if it has none, of the pairs; and where the images are.

    Only what the source lacks is taken, by order, and only if there is one pair for each row.

    Raises:
        DataError: the pairs cannot be opened, or there are more or fewer than rows.
    """
    if pairs is None:
        return source, Provenance()
    opened = open_pairs(pairs)
    provenance = Provenance(pairs=opened.uri, pairs_fingerprint=opened.fingerprint)
    if source.image_id is not None:
        return source, provenance
    found = list(opened)
    if len(found) != len(source.image):
        raise DataError(
            f"{pairs} must have one pair for each row, because the vectors have no ids; got {len(found)} pairs and "
            f"{len(source.image)} rows: give images= with the ids"
        )
    ids, words = [pair.id for pair in found], [pair.captions[0] for pair in found]
    takes_words = source.caption is None and source.has_rows_of_pairs and len(source.text) == len(found)
    caption = (lambda: words) if takes_words else source.caption
    return replace(source, image_id=lambda: ids, caption=caption), provenance


def checked_pairs(found: EmbeddingSet, pairs: str | Path) -> Provenance:
    """Return the provenance with these pairs; some ids of the set must be among theirs.

    Raises:
        DataError: the pairs cannot be opened, or none of the ids that were looked up is there.
    """
    opened = open_pairs(pairs)
    sample = np.linspace(0, found.n_images - 1, min(_LOOKED_UP, found.n_images)).astype(int)
    for row in sample:
        try:
            opened.find(found.image_ids[row])
        except DataError:
            continue
        return replace(found.provenance, pairs=opened.uri, pairs_fingerprint=opened.fingerprint)
    theirs = next((pair.id for pair in opened), "none")
    raise DataError(
        f"{pairs} must hold the pictures of these vectors; no id such as {found.image_ids[0]!r} is there, where ids "
        f'are such as {theirs!r}: name the column of ids, columns={{"image_id": NAME}}'
    )
