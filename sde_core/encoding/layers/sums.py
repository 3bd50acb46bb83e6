"""Sums of the layers of two towers over pairs that come in batches: O(width²) a layer, however many pairs."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sde_core.encoding.layers.blocks import Tower
from sde_core.spectra.cross_spectrum import CrossSpectrumAccumulator
from sde_core.spectra.spectrum import SpectrumAccumulator
from sde_core.vocabulary import Modality


class LayerSums:
    """What one pass keeps of every layer: its Gram matrix, its products with the other tower's output, sampled rows.

    Args:
        towers: of one modality or of two.
        n_sampled: rows that are kept of every layer, drawn among all that come.
        seed: of the draws.
    """

    def __init__(self, towers: Sequence[Tower], *, n_sampled: int, seed: int = 0) -> None:
        self.count = 0
        self.spectra = {t.side: [SpectrumAccumulator(width) for width in t.widths] for t in towers}
        output = {t.side: t.widths[-1] for t in towers}
        self.cross: dict[Modality, list[CrossSpectrumAccumulator]] = {
            t.side: [CrossSpectrumAccumulator(width, output[other]) for width in t.widths]
            for t in towers
            for other in output
            if other != t.side
        }
        self._kept = {t.side: [torch.zeros(n_sampled, width) for width in t.widths] for t in towers}
        self._n_sampled, self._numbers = n_sampled, torch.Generator().manual_seed(seed)

    def update(self, rows: Mapping[Modality, Sequence[Tensor]]) -> None:
        """Add a batch of items.

        Args:
            rows: of each modality an (n, width) matrix a layer, the same n items in all of them.
        """
        rows = {side: [layer.cpu() for layer in layers] for side, layers in rows.items()}
        for side, layers in rows.items():
            for layer, sums in zip(layers, self.spectra[side], strict=True):
                sums.update(layer)
            for other, theirs in rows.items():
                if other != side:
                    for layer, products in zip(layers, self.cross[side], strict=True):
                        products.update(layer, theirs[-1])
        n = len(next(iter(rows.values()))[0])
        self._sample(rows, n)
        self.count += n

    def sampled(self, side: Modality) -> list[Tensor]:
        """Return the rows that were kept of every layer, the same items in all of them."""
        return [rows[: self.count] for rows in self._kept[side]]

    def _sample(self, rows: Mapping[Modality, Sequence[Tensor]], n: int) -> None:
        """Keep a uniform sample of all rows so far (Vitter 1985, algorithm R)."""
        for item in range(n):
            number = self.count + item
            place = number
            if number >= self._n_sampled:
                place = int(torch.randint(number + 1, (1,), generator=self._numbers))
            if place < self._n_sampled:
                for side, layers in rows.items():
                    for kept, layer in zip(self._kept[side], layers, strict=True):
                        kept[place] = layer[item]
