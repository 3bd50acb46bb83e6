"""Retrieval on held-out captions: what the model card's table holds."""

from collections.abc import Sequence

import torch
from torch import Tensor

import sde_core as sde

from .corpus import comparable
from .pairs import Picture


def caption_gallery(
    pictures: Sequence[Picture], primary_only: bool
) -> tuple[list[str], list[tuple[int, int]]]:
    """The distinct captions of the pictures, and every link (caption, picture) that is right.

    A caption is right for every picture that carries exactly that caption (letter case and spaces aside).

    Args:
        pictures: the pictures.
        primary_only: the first caption of each only, or every line.
    """
    numbers: dict[str, int] = {}
    texts: list[str] = []
    links = []
    for image, picture in enumerate(pictures):
        lines = picture.captions[:1] if primary_only else picture.captions
        for key, line in {comparable(line): line for line in lines}.items():
            if key not in numbers:
                numbers[key] = len(texts)
                texts.append(line)
            links.append((numbers[key], image))
    return texts, links


def recall(images: Tensor, texts: Tensor, links: list[tuple[int, int]]) -> dict[str, float]:
    """Retrieval metrics both ways of image vectors (m, n) and caption vectors (c, n)."""
    return sde.retrieval_metrics(images, texts, torch.tensor(links))
