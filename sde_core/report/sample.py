"""What a report looks at of a large set where all rows are too many: a seeded sample of its images."""

import numpy as np

from sde_core.sets.embeddings import EmbeddingSet

ALL_UP_TO = 50_000
"""A set with more images is sampled for what compares rows with rows."""
SAMPLED = 20_000


def sampled(embeddings: EmbeddingSet, seed: int) -> EmbeddingSet:
    """Return the set, or a seeded sample of `SAMPLED` of its images with their captions where it is large."""
    if embeddings.n_images <= ALL_UP_TO:
        return embeddings
    rows = np.random.default_rng(seed).choice(embeddings.n_images, SAMPLED, replace=False)
    return embeddings.select(np.sort(rows))
