"""What enters a trained model for given rows: vectors, or pictures and tokens."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from sde_core.embeddings import EmbeddingSet
from sde_core.links import Ints

# Vectors cost nothing; this many give every band of a spectrum of a few hundred directions its rows.
_SAMPLE = 4_096


class Inputs(ABC):
    """Rows of the source as the model takes them."""

    @abstractmethod
    def images(self, rows: Ints) -> Tensor:
        """Return what `DualModel.encode_image` takes, a row for each of ``rows``."""

    @abstractmethod
    def texts(self, rows: Ints) -> Tensor:
        """Return what `DualModel.encode_text` takes."""

    @property
    @abstractmethod
    def spectrum_rows(self) -> int:
        """Pictures that a spectrum may be taken of beside validation ones, without slowing training."""


class Vectors(Inputs):
    """Vectors or cached features, all in memory on the device."""

    def __init__(self, vectors: EmbeddingSet, device: torch.device) -> None:
        # A copy in float32: what is memory-mapped is read once.
        self._image, self._text = (
            torch.from_numpy(np.array(x, dtype=np.float32)).to(device) for x in (vectors.image, vectors.text)
        )

    def images(self, rows: Ints) -> Tensor:
        """Return (b, d) rows."""
        return self._image[torch.from_numpy(rows).to(self._image.device)]

    def texts(self, rows: Ints) -> Tensor:
        """Return (b, d) rows."""
        return self._text[torch.from_numpy(rows).to(self._text.device)]

    @property
    def spectrum_rows(self) -> int:
        """Pictures that a spectrum may be taken of beside validation ones."""
        return _SAMPLE
