"""Reference rows that stand for the queries to come, and what scores read of them about the items of a gallery."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from threading import RLock
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.ranking import BLOCK_ENTRIES
from sde_core.vocabulary import Direction

Found = TypeVar("Found")


class Banks:
    """Unit reference rows of both modalities: images are asked for texts, texts for images.

    What several settings and several scores need of one small gallery (at most `BLOCK_ENTRIES` numbers) is computed
    once: the last gallery of each direction is kept with it. Of a larger one nothing is kept.

    Args:
        image: (a, n) reference images.
        text: (b, n) reference texts.
        keeps_scores: whether the cosines of that gallery are kept too (at most `4 BLOCK_ENTRIES` numbers), for who
            tries many settings on it.
    """

    def __init__(self, image: MatrixLike, text: MatrixLike, *, keeps_scores: bool = False) -> None:
        self.image, self.text = unit_rows(image, "image"), unit_rows(text, "text")
        if self.image.shape[1] != self.text.shape[1]:
            raise DataError(
                f"image and text must have the same width; got {self.image.shape[1]} and {self.text.shape[1]}"
            )
        self._keeps_scores = keeps_scores
        self._kept: dict[Direction, tuple[Tensor, dict[Hashable, Any]]] = {}
        self._lock = RLock()  # who asks for the same waits for it

    def check_neighbours(self, k: int) -> None:
        """Refuse a number of neighbours that a bank does not have.

        Raises:
            ConfigError: ``k`` is out of range.
        """
        smaller = min(len(self.image), len(self.text))
        if not 1 <= k <= smaller:
            raise ConfigError(f"k must lie in [1, {smaller}], the rows of the smaller bank; got {k}")

    def of(self, direction: Direction, gallery: Tensor) -> tuple[Tensor, Tensor]:
        """Return the bank of queries and the bank of gallery items, on the device of the gallery."""
        if gallery.shape[1] != self.image.shape[1]:
            raise DataError(
                f"the reference must have the {gallery.shape[1]} columns of the gallery; "
                f"got {self.image.shape[1]}"
            )
        image, text = self.image.to(gallery.device), self.text.to(gallery.device)
        return (text, image) if direction == Direction.IMAGE_RETRIEVAL else (image, text)

    def mean_of_nearest(self, gallery: Tensor, direction: Direction, k: int) -> Tensor:
        """Return (g,) mean of the k largest cosines of each item to the bank of queries."""
        most = min(max(k, 50), len(self.image), len(self.text))
        nearest = self._once(
            gallery,
            direction,
            ("nearest", most),
            lambda: _nearest(self.cosines(gallery, direction), most),
        )
        return nearest[:, :k].mean(dim=1)

    def log_sum_exp(self, gallery: Tensor, direction: Direction, beta: float) -> Tensor:
        """Return (g,) log of the sum over the bank of queries of exp(beta cosine)."""
        return self._once(
            gallery,
            direction,
            ("log sum exp", beta),
            lambda: _log_sum_exp(self.cosines(gallery, direction), beta),
        )

    def is_hub(self, gallery: Tensor, direction: Direction) -> Tensor:
        """Return (g,) whether an item is the best one of some query of the bank."""
        return self._once(gallery, direction, "hubs", lambda: _hubs(gallery, self.of(direction, gallery)[0]))

    def cosines(self, gallery: Tensor, direction: Direction) -> Iterable[Tensor]:
        """Return blocks of the (g, b) cosines of each item to the bank of queries, in the order of the items."""
        bank = self.of(direction, gallery)[0]

        def blocks() -> Iterable[Tensor]:
            return (part @ bank.T for part in blocks_of(gallery, len(bank)))

        if not self._keeps_scores or len(gallery) * len(bank) > 4 * BLOCK_ENTRIES:
            return blocks()
        return self._once(gallery, direction, "cosines", lambda: list(blocks()))

    def once(
        self, gallery: Tensor, direction: Direction, key: Hashable, compute: Callable[[], list[Tensor]]
    ) -> list[Tensor]:
        """Return what was computed of this gallery under a key, by who tries many settings; otherwise anew."""
        return self._once(gallery, direction, key, compute) if self._keeps_scores else compute()

    def _once(
        self, gallery: Tensor, direction: Direction, key: Hashable, compute: Callable[[], Found]
    ) -> Found:
        self.of(direction, gallery)
        if gallery.numel() > BLOCK_ENTRIES:
            return compute()
        with self._lock:
            last, known = self._kept.get(direction, (None, {}))
            if last is None or last.device != gallery.device or not torch.equal(last, gallery):
                known = {}
                self._kept[direction] = (gallery, known)
            if key not in known:
                known[key] = compute()
            found: Found = known[key]
            return found


def is_small(*matrices: MatrixLike) -> bool:
    """Return whether each of these lies on the CPU and has at most `BLOCK_ENTRIES` numbers."""
    return all(
        math.prod(np.shape(x)) <= BLOCK_ENTRIES and not (isinstance(x, Tensor) and not x.is_cpu)
        for x in matrices
    )


def blocks_of(rows: Tensor, width: int) -> tuple[Tensor, ...]:
    """Return the rows in blocks, of which each has at most `BLOCK_ENTRIES` scores with ``width`` others."""
    parts: tuple[Tensor, ...] = torch.split(rows, max(1, BLOCK_ENTRIES // width))
    return parts


def mean_of_nearest(rows: Tensor, bank: Tensor, k: int) -> Tensor:
    """Return (m,) mean of the k largest cosines of each row to the bank."""
    return _nearest((part @ bank.T for part in blocks_of(rows, len(bank))), k).mean(dim=1)


def _nearest(cosines: Iterable[Tensor], k: int) -> Tensor:
    return torch.cat([block.topk(k, dim=1).values for block in cosines])


def _log_sum_exp(cosines: Iterable[Tensor], beta: float) -> Tensor:
    return torch.cat([torch.logsumexp(beta * block, dim=1) for block in cosines])


def _hubs(gallery: Tensor, bank: Tensor) -> Tensor:
    found = torch.zeros(len(gallery), dtype=torch.bool, device=gallery.device)
    for part in blocks_of(bank, len(gallery)):
        found[(part @ gallery.T).argmax(dim=1)] = True
    return found
