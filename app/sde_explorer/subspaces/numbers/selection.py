"""Pairs that were picked: their energies beside those of all, and the rows of a file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import BANDS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Composition:
    """Mean energy in strong, weak and noise of the picked pairs and of all.

    Attributes:
        image: (3,) of the picked pictures.
        image_all: (3,) of all pictures.
        text: (3,) of the primary captions of the picked.
        text_all: (3,) of all captions.
    """

    image: Floats
    image_all: Floats
    text: Floats
    text_all: Floats


def composition(
    embeddings: sde.EmbeddingSet, pictures: Sequence[int], image: Floats, text: Floats
) -> Composition:
    """Return the mean energies of some pictures and their primary captions beside those of all.

    Args:
        embeddings: the set.
        pictures: rows.
        image: (n_images, 3) band shares.
        text: (n_texts, 3) band shares.
    """
    texts = embeddings.primary_text[list(pictures)]
    return Composition(
        image=_mean(image[list(pictures)]),
        image_all=_mean(image),
        text=_mean(text[texts[texts >= 0]]),
        text_all=_mean(text),
    )


def _mean(shares: Floats) -> Floats:
    kept = shares[np.isfinite(shares).all(axis=1)]
    return kept.mean(axis=0) if len(kept) else np.zeros(len(BANDS), np.float32)


def rows_with_words(embeddings: sde.EmbeddingSet, words: str) -> list[int]:
    """Return the pictures of which one caption holds every word, whatever its case; none for no words."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    hits = [
        t for t, caption in enumerate(embeddings.captions) if all(w in caption.casefold() for w in wanted)
    ]
    found: list[int] = np.unique(embeddings.links[np.isin(embeddings.links[:, 0], hits), 1]).tolist()
    return found


def pair_rows(
    embeddings: sde.EmbeddingSet, pictures: Sequence[int], image: Floats, text: Floats
) -> list[dict[str, Any]]:
    """Return one row for each picture: id, primary caption, energies of both, and its metadata.

    Args:
        embeddings: the set.
        pictures: rows.
        image: (n_images, 3) band shares.
        text: (n_texts, 3) band shares.
    """
    found = []
    for row in pictures:
        own = int(embeddings.primary_text[row])
        line: dict[str, Any] = {
            "row": int(row),
            "id": embeddings.image_ids[row],
            "caption": embeddings.captions[own] if own >= 0 else "",
        }
        line |= {f"image {band}": _number(image[row, i]) for i, band in enumerate(BANDS)}
        line |= {f"text {band}": _number(text[own, i]) if own >= 0 else None for i, band in enumerate(BANDS)}
        line |= {name: column[row].item() for name, column in embeddings.metadata.items()}
        found.append(line)
    return found


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
