"""Reference rows that stand for the queries to come, and what scores read of them about the items of a gallery."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.ranking import BLOCK_ENTRIES
from sde_core.vocabulary import Direction


class Banks:
    """Unit reference rows of both modalities: images are asked for texts, texts for images.

    What several settings and several scores need of one small gallery (at most `BLOCK_ENTRIES` numbers) is computed
    once: the last gallery of each direction is kept with it. Of a larger one nothing is kept.
    """

    def __init__(self, image: MatrixLike, text: MatrixLike) -> None:
        self.image, self.text = unit_rows(image, "image"), unit_rows(text, "text")
        if self.image.shape[1] != self.text.shape[1]:
            raise DataError(
                f"image and text must have the same width; got {self.image.shape[1]} and {self.text.shape[1]}"
            )
        self._kept: dict[Direction, tuple[Tensor, dict[Hashable, Tensor]]] = {}

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
            lambda: _nearest(gallery, self.of(direction, gallery)[0], most),
        )
        return nearest[:, :k].mean(dim=1)

    def log_sum_exp(self, gallery: Tensor, direction: Direction, beta: float) -> Tensor:
        """Return (g,) log of the sum over the bank of queries of exp(beta cosine)."""
        return self._once(
            gallery,
            direction,
            ("log sum exp", beta),
            lambda: _log_sum_exp(gallery, self.of(direction, gallery)[0], beta),
        )

    def is_hub(self, gallery: Tensor, direction: Direction) -> Tensor:
        """Return (g,) whether an item is the best one of some query of the bank."""
        return self._once(gallery, direction, "hubs", lambda: _hubs(gallery, self.of(direction, gallery)[0]))

    def _once(
        self, gallery: Tensor, direction: Direction, key: Hashable, compute: Callable[[], Tensor]
    ) -> Tensor:
        self.of(direction, gallery)
        if gallery.numel() > BLOCK_ENTRIES:
            return compute()
        last, known = self._kept.get(direction, (None, {}))
        if last is None or last.device != gallery.device or not torch.equal(last, gallery):
            known = {}
            self._kept[direction] = (gallery, known)
        if key not in known:
            known[key] = compute()
        return known[key]


def blocks_of(rows: Tensor, width: int) -> tuple[Tensor, ...]:
    """Return the rows in blocks, of which each has at most `BLOCK_ENTRIES` scores with ``width`` others."""
    parts: tuple[Tensor, ...] = torch.split(rows, max(1, BLOCK_ENTRIES // width))
    return parts


def mean_of_nearest(rows: Tensor, bank: Tensor, k: int) -> Tensor:
    """Return (m,) mean of the k largest cosines of each row to the bank."""
    return _nearest(rows, bank, k).mean(dim=1)


def _nearest(rows: Tensor, bank: Tensor, k: int) -> Tensor:
    return torch.cat([(part @ bank.T).topk(k, dim=1).values for part in blocks_of(rows, len(bank))])


def _log_sum_exp(rows: Tensor, bank: Tensor, beta: float) -> Tensor:
    return torch.cat([torch.logsumexp(beta * (part @ bank.T), dim=1) for part in blocks_of(rows, len(bank))])


def _hubs(gallery: Tensor, bank: Tensor) -> Tensor:
    found = torch.zeros(len(gallery), dtype=torch.bool, device=gallery.device)
    for part in blocks_of(bank, len(gallery)):
        found[(part @ gallery.T).argmax(dim=1)] = True
    return found
