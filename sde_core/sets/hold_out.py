"""Which images something is fitted on and which it is reported on: seeded, whole groups of shared captions."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.links import distinct_rows, linked_groups
from sde_core.sets.embeddings import EmbeddingSet

FEWEST = 8
"""Images in a part that says anything."""

Mask = npt.NDArray[np.bool_]


def hold_out(
    embeddings: EmbeddingSet, shares: Sequence[float] = (0.5, 0.5), *, seed: int = 0
) -> tuple[Mask, ...]:
    """Return the images of each part; parts share no image and no caption, not even through a chain.

    Images without a caption are in no part. The first part depends on its own share and the seed alone, however
    the rest is divided.

    Args:
        embeddings: the set.
        shares: of the groups of linked images, each above 0, adding up to 1.
        seed: of the order in which the groups are dealt out.

    Returns:
        For each share an (n_images,) mask.

    Raises:
        ConfigError: the shares do not add up to 1, or one is not above 0.
        DataError: the set has vectors of one modality only, or a part would hold fewer than `FEWEST` images.

    >>> parts = hold_out(EmbeddingSet.from_arrays(np.eye(40), np.eye(40)))
    >>> [int(part.sum()) for part in parts], bool((parts[0] & parts[1]).any())
    ([20, 20], False)
    """
    if not len(shares) or not (min(shares) > 0 and abs(sum(shares) - 1) < 1e-9):
        raise ConfigError(f"shares must be above 0 and add up to 1; got {tuple(shares)}")
    embeddings.check_both()
    has_text = embeddings.primary_text >= 0
    _, found = linked_groups(embeddings.links, embeddings.n_texts, embeddings.n_images)
    group = found.numpy()
    order = np.random.default_rng(seed).permutation(distinct_rows(group[has_text]))
    ends = [int(share * len(order) + 1e-9) for share in np.cumsum(shares)]
    parts = tuple(has_text & np.isin(group, chosen) for chosen in np.split(order, ends[:-1]))
    least = min(int(part.sum()) for part in parts)
    if least < FEWEST:
        groups = "group that shares" if len(order) == 1 else "groups that share"
        raise DataError(
            f"{embeddings.name or 'the set'} must hold at least {len(parts) * FEWEST} pictures with captions, to be "
            f"divided into {len(parts)} parts that share none; got {int(has_text.sum())} in {len(order)} {groups} "
            "captions"
        )
    return parts
