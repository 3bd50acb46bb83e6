"""Captions that an encoder reads in part only: counted, and how many of them it cannot tell apart."""

from collections.abc import Iterator, Sequence

import numpy as np

from sde_core.encoders import Encoder
from sde_core.sets.embeddings import Floats

_BATCH = 1024


def long_captions(
    encoder: Encoder, captions: Sequence[str], vectors: Floats | None = None
) -> tuple[str, ...]:
    """Return a sentence on the captions that are longer than the encoder's context; none where all are read whole.

    Args:
        encoder: whose tokenizer cuts them.
        captions: distinct ones.
        vectors: (n, d) of the captions; those that are equal are then counted.
    """
    rows = np.array(list(_rows_cut(encoder, captions)), dtype=np.int64)
    if not len(rows):
        return ()
    first = captions[rows[0]]
    sentence = (
        f"{len(rows):,} of {len(captions):,} captions are longer than the encoder reads: of the first, "
        f"{encoder.characters_read(first):,} of {len(first):,} characters"
    )
    if vectors is not None:
        n_distinct = len(np.unique(np.ascontiguousarray(vectors[rows]), axis=0))
        if n_distinct < len(rows):
            sentence += f"; {len(rows) - n_distinct:,} of them have the same vector as another"
    return (f"{sentence}.",)


def _rows_cut(encoder: Encoder, captions: Sequence[str]) -> Iterator[int]:
    """Yield the rows of captions whose end is not seen."""
    import torch

    room = int(encoder.tokenizer(["a"]).shape[1])
    # A token is a byte at least, and two mark start and end.
    doubtful = [
        row for row, caption in enumerate(captions) if len(caption.encode("utf-8", "replace")) > room - 2
    ]
    for start in range(0, len(doubtful), _BATCH):
        rows = doubtful[start : start + _BATCH]
        whole = encoder.tokenizer([captions[row] for row in rows])
        longer = encoder.tokenizer([f"{captions[row]} a" for row in rows])
        if whole.shape != longer.shape:  # no context that is filled: nothing is cut
            continue
        full = torch.eq(whole, longer).flatten(1).all(dim=1)
        for row, is_full in zip(rows, full.tolist(), strict=True):
            if is_full and encoder.characters_read(captions[row]) < len(captions[row].rstrip()):
                yield row
