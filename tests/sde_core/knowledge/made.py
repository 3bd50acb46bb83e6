"""Sets that the tests of what is known are made of."""

import numpy as np

import sde_core as sde


def made(image, *, captions=None, seed=99, **metadata):
    """Return a set of these image vectors, with texts that are vectors of noise."""
    text = np.random.default_rng(seed).normal(size=image.shape)
    arrays = (image.astype(np.float32), text.astype(np.float32))
    base = sde.EmbeddingSet.from_arrays(*arrays, **({} if captions is None else {"captions": captions}))
    return sde.EmbeddingSet(
        image=base.image,
        text=base.text,
        links=base.links,
        image_ids=base.image_ids,
        captions=base.captions,
        metadata={name: np.asarray(values) for name, values in metadata.items()},
    )
