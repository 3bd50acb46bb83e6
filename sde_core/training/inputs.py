"""What enters a trained model for given rows: vectors, or images and tokens."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from sde_core.encoders import Encoder
from sde_core.pairs import Pairs, decode_image
from sde_core.retrieval.links import Ints
from sde_core.sets.embeddings import Floats

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

    def expect(self, rows: Ints) -> None:  # noqa: B027  (nothing to do where all is in memory)
        """Hear which images `images` will be asked for next."""

    @property
    @abstractmethod
    def spectrum_rows(self) -> int:
        """Images that a spectrum may be taken of beside validation ones, without slowing training."""


class Vectors(Inputs):
    """Vectors or cached features, all in memory on the device.

    Args:
        image: (n_images, k) rows.
        text: (n_texts, l) rows.
        device: where they are kept.
    """

    def __init__(self, image: Floats, text: Floats, device: torch.device) -> None:
        # A copy in float32: what is memory-mapped is read once.
        self._image, self._text = (
            torch.from_numpy(np.array(x, dtype=np.float32)).to(device) for x in (image, text)
        )

    def images(self, rows: Ints) -> Tensor:
        """Return (b, d) rows."""
        return self._image[torch.from_numpy(rows).to(self._image.device)]

    def texts(self, rows: Ints) -> Tensor:
        """Return (b, d) rows."""
        return self._text[torch.from_numpy(rows).to(self._text.device)]

    @property
    def spectrum_rows(self) -> int:
        """Images that a spectrum may be taken of beside validation ones."""
        return _SAMPLE


class Pictures(Inputs):
    """Images read and preprocessed when asked for, ahead where the rows are known; tokens in memory.

    Args:
        pairs: where the images are.
        ids: of the image rows.
        captions: of the text rows.
        encoder: its preprocessing, tokenizer and device.
        workers: threads that read.
    """

    def __init__(
        self,
        pairs: Pairs,
        ids: Sequence[str],
        captions: Sequence[str],
        encoder: Encoder,
        *,
        device: torch.device,
        workers: int,
    ) -> None:
        self._pairs, self._ids, self._preprocess, self._device = pairs, ids, encoder.preprocess, device
        self._tokens = encoder.tokenizer(list(captions))
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="read")
        self._waiting: dict[int, Future[Tensor]] = {}

    def images(self, rows: Ints) -> Tensor:
        """Return (b, 3, height, width) images; reading the next rows may be under way already."""
        self.expect(rows)
        read = [self._waiting.pop(int(row)) for row in rows]
        return torch.stack([future.result() for future in read]).to(self._device)

    def texts(self, rows: Ints) -> Tensor:
        """Return (b, context) token ids."""
        return self._tokens[torch.from_numpy(rows)].to(self._device)

    def expect(self, rows: Ints) -> None:
        """Begin to read images that will be asked for."""
        for row in rows.tolist():
            if row not in self._waiting:
                self._waiting[row] = self._pool.submit(self._read, row)

    def _read(self, row: int) -> Tensor:
        picture = decode_image(self._pairs.find(self._ids[row]).read_image())
        return self._preprocess(picture)

    @property
    def spectrum_rows(self) -> int:
        """None beside the validation images, which are encoded anyway."""
        return 0
