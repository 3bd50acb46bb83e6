"""Which images are trained on and which are looked at in between; test is never either."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.retrieval.links import Ints, linked_groups

_TRAIN = {"train", "training"}
_VAL = {"val", "valid", "validation", "dev"}
# Retrieval among more images than this tells nothing more about a step and takes longer than many steps.
MOST_VAL = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows of images.

    Attributes:
        train: (k,) ascending.
        val: (l,) ascending.
        words: how they were told apart, one sentence.
    """

    train: Ints
    val: Ints
    words: str


def is_left_alone(split: str) -> bool:
    """Return whether images of a split, such as test, are neither trained on nor validated with."""
    return split.strip().lower() not in {"", *_TRAIN, *_VAL}


def split_rows(
    links: Ints,
    counts: tuple[int, int],
    metadata: Mapping[str, npt.NDArray[Any]],
    *,
    val_share: float,
    seed: int,
) -> Split:
    """Return training and validation images that share no caption where the split is ours.

    A metadata column "split" decides where it names a validation part; else a seeded share is held out,
    images with a common caption together. Whatever the column calls neither training nor validation
    (test) is left alone.

    Args:
        links: (l, 2) of (text row, image row).
        counts: numbers of texts and of images.
        metadata: columns of the images.
        val_share: share to hold out, in (0, 1).
        seed: of the hold-out.

    Raises:
        DataError: nothing to train on, or fewer than two images to validate with.
    """
    has_caption = np.zeros(counts[1], dtype=bool)
    has_caption[links[:, 1]] = True
    names = _split_names(metadata, counts[1])
    val = has_caption & np.isin(names, list(_VAL))
    pool = has_caption & ~val & (np.isin(names, ["", *_TRAIN]))
    if val.sum() >= 2 and pool.any():
        words = 'validation is the "val" split of the metadata'
        if (np.char.str_len(names) > 0).any() and not np.isin(names, list(_TRAIN)).any():
            words += "; pictures without a split are trained on"
    else:
        pool = pool if pool.any() else val
        if not pool.any():
            raise DataError(
                "the source must hold pictures to train on; its metadata calls all of them "
                f"{', '.join(sorted(set(names.tolist())))}, and test pictures are never trained on"
                if (names != "").any()
                else "the source must hold pictures with captions; it has none"
            )
        val = _held_out(links, counts, pool, val_share, seed)
        pool = pool & ~val
        words = f"no validation split in the metadata: {100 * val_share:.0f} % of the pictures are held out"
    rows = np.flatnonzero(val)
    if len(rows) < 2:
        raise DataError(
            f"the source must hold at least two pictures to validate with; got {len(rows)} beside "
            f"{int(pool.sum())} to train on: give more pairs with captions of their own, or a larger val_share"
        )
    if len(rows) > MOST_VAL:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_VAL])
        words += f", {MOST_VAL:,} of them drawn"
    return Split(train=np.flatnonzero(pool), val=rows, words=words)


def _split_names(metadata: Mapping[str, npt.NDArray[Any]], n_images: int) -> npt.NDArray[np.str_]:
    column = metadata.get("split")
    if column is None:
        return np.full(n_images, "", dtype=np.str_)
    return np.char.lower(np.char.strip(np.asarray(column).astype(np.str_)))


def _held_out(
    links: Ints, counts: tuple[int, int], pool: npt.NDArray[np.bool_], share: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Return whole groups of images linked by captions, in seeded order, up to ``share`` of the pool."""
    _, group = linked_groups(links, *counts)
    groups = group.numpy()
    names, sizes = np.unique(groups[pool], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    wanted, chosen = max(2, round(share * int(pool.sum()))), []
    for i in order:
        if sizes[i] <= wanted:
            chosen.append(names[i])
            wanted -= int(sizes[i])
    return pool & np.isin(groups, chosen)
