"""The bundled pairs as the recipe reads them, and which texts are held out."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PIL import Image

import sde_core as sde
from sde_core.files.bundled import PAIR_SETS

from .corpus import comparable


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture with its captions, the first of which is the primary one."""

    key: str
    dataset: str
    content: bytes
    captions: tuple[str, ...]
    metadata: dict[str, Any]

    def image(self) -> Image.Image:
        """The decoded picture in RGB."""
        return Image.open(io.BytesIO(self.content)).convert("RGB")


def read_split(split: str, datasets: Iterable[str] = PAIR_SETS) -> list[Picture]:
    """The pictures of one split (train, val or test) of the bundled sets, in the order of the shards."""
    return [
        Picture(f"{name}/{pair.id}", name, pair.read_image(), pair.captions, dict(pair.metadata))
        for name in datasets
        for pair in sde.open_pairs(f"{name}/{split}")
    ]


def held_out_texts() -> frozenset[str]:
    """Every caption line of val and test, as `comparable` writes it; no text of training may equal one."""
    pictures = read_split("val") + read_split("test")
    return frozenset(comparable(line) for picture in pictures for line in picture.captions)
