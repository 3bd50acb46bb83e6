"""Sets one after the other as one set."""

from collections.abc import Sequence

import numpy as np

from sde_core.errors import DataError
from sde_core.files.row_buffer import RowBuffer
from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import EmbeddingSet, Floats


def concatenate(sets: Sequence[EmbeddingSet], *, name: str = "") -> EmbeddingSet:
    """Return one set with the images of all; equal captions become one text.

    Args:
        sets: at least one, of one width and one encoder.
        name: what people call the result.

    Raises:
        DataError: none given, widths or modalities differ, or an id comes twice.
    """
    if not sets:
        raise DataError("sets must hold at least one embedding set; got none")
    widths = {s.width for s in sets}
    if len(widths) > 1:
        raise DataError(f"sets must have the same width; got {sorted(widths)}")
    modalities = {s.modalities for s in sets}
    if len(modalities) > 1:
        raise DataError(
            f"sets must have the same modalities; got {' and '.join(map(', '.join, sorted(modalities)))}"
        )
    ids = tuple(i for s in sets for i in s.image_ids)
    if len(set(ids)) != len(ids):
        raise DataError("sets must not share ids; at least one id comes twice")
    rows: dict[object, int] = {}  # caption, or (set, row) where there is no caption -> new text row
    captions: list[str] = []
    vectors: list[Floats] = []
    links: list[Ints] = []
    offset = 0
    for number, s in enumerate(sets):
        keys = [caption or (number, i) for i, caption in enumerate(s.captions)]
        fresh = [i for i, key in enumerate(keys) if key not in rows]
        rows |= {keys[i]: len(captions) + k for k, i in enumerate(fresh)}
        captions += [s.captions[i] for i in fresh]
        vectors.append(s.text[fresh])
        mapping = np.array([rows[key] for key in keys], dtype=np.int64)
        links.append(np.stack([mapping[s.links[:, 0]], s.links[:, 1] + offset], axis=1))
        offset += s.n_images
    shared = set.intersection(*(set(s.metadata) for s in sets))
    return EmbeddingSet(
        image=_rows([s.image for s in sets]),
        text=_rows(vectors),
        links=np.concatenate(links),
        image_ids=ids,
        captions=tuple(captions),
        metadata={k: np.concatenate([s.metadata[k] for s in sets]) for k in sorted(shared)},
        provenance=sets[0].provenance,
        skipped=tuple(item for s in sets for item in s.skipped),
        remarks=tuple(f"{s.name}: {remark}" for s in sets for remark in s.remarks),
        name=name or " + ".join(s.name for s in sets),
    )


def _rows(blocks: Sequence[Floats]) -> Floats:
    """Return the rows of all blocks; many of one kind lie in a temporary file."""
    if len({block.dtype for block in blocks}) > 1 or not sum(map(len, blocks)):
        return np.concatenate(blocks)
    rows = RowBuffer()
    for block in blocks:
        rows.append(block)
    return rows.array()
