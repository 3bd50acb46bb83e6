"""In which order pairs come, which caption speaks for an image, and which pairs mean the same."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.retrieval.links import Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Bools = npt.NDArray[np.bool_]


class PairOrder:
    """Batches of (image, caption) as a function of the step alone, so that any step can be the first.

    Every epoch is a new seeded order of all images; the last, incomplete batch is left out, as
    open_clip's loader does.

    Args:
        rows: (k,) image rows to train on, each with a caption.
        links: (l, 2) of (text row, image row), grouped by image, the primary caption first.
        batch_size: pairs in a batch.
        seed: of order and captions.
        sampled: whether one of an image's captions is drawn each epoch; else the first one is taken.
    """

    def __init__(self, rows: Ints, links: Ints, *, batch_size: int, seed: int, sampled: bool) -> None:
        if len(rows) < batch_size:
            raise DataError(
                f"batch_size must be at most the number of training pairs; got {batch_size} and "
                f"{len(rows)} pairs: choose a smaller batch_size"
            )
        self._rows, self._links = rows, links
        self._batch_size, self._seed, self._sampled = batch_size, seed, sampled
        self._kept: dict[int, tuple[Ints, Ints]] = {}

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in one epoch."""
        return len(self._rows) // self._batch_size

    def batch(self, step: int) -> tuple[Ints, Ints]:
        """Return image rows and text rows (B,) of the batch after ``step`` steps."""
        epoch, place = divmod(step, self.steps_per_epoch)
        images, texts = self._epoch(epoch)
        part = slice(place * self._batch_size, (place + 1) * self._batch_size)
        return images[part], texts[part]

    def _epoch(self, epoch: int) -> tuple[Ints, Ints]:
        """Return the order of an epoch; this one and the next are kept."""
        if epoch not in self._kept:
            self._kept = {e: kept for e, kept in self._kept.items() if e == epoch - 1}
            self._kept[epoch] = self._shuffled(epoch)
        return self._kept[epoch]

    def _shuffled(self, epoch: int) -> tuple[Ints, Ints]:
        generator = np.random.default_rng([self._seed, epoch])
        images = generator.permutation(self._rows)
        first = np.searchsorted(self._links[:, 1], images)
        offset = np.zeros(len(first), dtype=np.int64)
        if self._sampled:
            n_captions = np.searchsorted(self._links[:, 1], images, side="right") - first
            offset = generator.integers(0, n_captions)
        return images, self._links[first + offset, 0]


class Meaning:
    """Which image and which caption belong together, whatever pair they come from.

    Args:
        links: (l, 2) of (text row, image row).
        captions: words of each text row; equal words are one caption, empty ones are not.
        n_images: number of images.
        concept: (n_images,) values whose equality means the same thing, or None.

    Attributes:
        links: the links with equal captions under one number, the first text row that has it.
    """

    def __init__(
        self, links: Ints, captions: Sequence[str], n_images: int, concept: npt.NDArray[np.generic] | None
    ) -> None:
        first: dict[str, int] = {}
        self._caption = np.array(
            [first.setdefault(words, row) if words.strip() else row for row, words in enumerate(captions)],
            dtype=np.int64,
        )
        # Links by the first text row with the same words.
        self.links = np.stack([self._caption[links[:, 0]], links[:, 1]], axis=1)
        self._n_images = n_images
        self._concept = None if concept is None else np.unique(concept, return_inverse=True)[1]

    @cached_property
    def _table(self) -> "csr_array":
        from scipy.sparse import csr_array  # here: pages import this module and train nothing

        text, image = self.links.T
        size = (self._n_images, len(self._caption))
        return csr_array((np.ones(len(image), dtype=np.int8), (image, text)), shape=size)

    def n_different(self, images: Ints) -> int:
        """Return how many captions, or concepts if they are known, the images have between them."""
        n_captions = len(np.unique(self.links[np.isin(self.links[:, 1], images), 0]))
        return n_captions if self._concept is None else min(n_captions, len(np.unique(self._concept[images])))

    def same(self, images: Ints, texts: Ints) -> Bools:
        """Return (B, B) whether image i goes with the caption of pair j."""
        table: Bools = self._table[images][:, self._caption[texts]].toarray() > 0
        if self._concept is not None:
            concept = self._concept[images]
            table |= concept[:, None] == concept[None, :]
        return table
