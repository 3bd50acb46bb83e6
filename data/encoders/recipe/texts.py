"""The texts of the recipe with what the teacher says of them, held-out captions taken out."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .corpus import caption_wordings, comparable, imagenet_texts, read_wordnet, token_texts, wordnet_texts
from .distil import TextBank
from .pairs import Picture, held_out_texts
from .teacher import teacher_embeddings
from .towers import tokenize

N_WORDINGS = 6
# How often a text of each kind is drawn, against a word of WordNet.
DRAWS = {
    "tokens": 0.5,
    "words": 1.0,
    "definitions": 0.4,
    "examples": 0.4,
    "lists": 1.5,
    "captions": 1.5,
    "phrases": 1.0,
    "imagenet": 4.0,
    "pairs": 4.0,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Texts of one kind with the teacher's unit vectors (m, 384) and their tokens (m, l)."""

    texts: list[str]
    teacher: Tensor
    tokens: Tensor


def source(name: str, texts: list[str], work: Path) -> Source:
    """The texts with the teacher's vectors and the tokens, both kept in the work folder."""
    vectors = torch.from_numpy(np.asarray(teacher_embeddings(texts, work / "teacher" / f"{name}.npy")))
    return Source(texts, vectors, tokenize(texts))


def wordings(pictures: list[Picture], seed: int) -> list[list[str]]:
    """For each picture, its captions in `N_WORDINGS` wordings."""
    rng = random.Random(seed)
    return [caption_wordings(picture.captions, N_WORDINGS, rng) for picture in pictures]


def all_sources(wordnet: Path, pictures: list[Picture], work: Path, seed: int) -> dict[str, Source]:
    """Every kind of text of `DRAWS`, held-out captions included where a source happens to hold them."""
    texts = wordnet_texts(read_wordnet(wordnet), seed)
    texts["tokens"] = token_texts()
    texts["imagenet"] = [text for names in imagenet_texts() for text in names]
    texts["pairs"] = [text for row in wordings(pictures, seed) for text in row]
    return {name: source(name, texts[name], work) for name in DRAWS}


def text_bank(sources: dict[str, Source]) -> TextBank:
    """What the text tower learns from: all sources without the captions of val and test."""
    held_out = held_out_texts()
    banks = []
    for name, found in sources.items():
        keep = torch.tensor([comparable(text) not in held_out for text in found.texts])
        weights = torch.full((int(keep.sum()),), DRAWS[name])
        banks.append((found.tokens[keep], found.teacher[keep], weights))
    return TextBank(*(torch.cat(parts) for parts in zip(*banks, strict=True)))
