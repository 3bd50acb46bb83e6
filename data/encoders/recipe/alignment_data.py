"""What the alignment learns from: cached views with every wording of their captions, and the classifier's own rows."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .align import AlignSet, Scaler
from .corpus import comparable, imagenet_texts
from .pairs import Picture, held_out_texts

Encode = Callable[[list[str]], Tensor]


def train_set(
    pictures: Sequence[Picture], features: Tensor, wordings: list[list[str]], encode: Encode
) -> tuple[AlignSet, Scaler, Scaler]:
    """The train split as standardised features, and the scalers that were taken out of images and texts.

    Two pairs that share a primary caption or a family of variants are never negatives of each other.

    Args:
        pictures: (m,) of the train split.
        features: (v, m, 1280) trunk features, one for each view.
        wordings: (m, c) texts of each picture.
        encode: texts -> (k, n) vectors.
    """
    distinct = list(dict.fromkeys(text for row in wordings for text in row))
    place = {text: row for row, text in enumerate(distinct)}
    texts = encode(distinct)[torch.tensor([[place[text] for text in row] for row in wordings])].transpose(
        0, 1
    )
    numbers: dict[object, int] = {}
    groups = [
        [
            numbers.setdefault(comparable(p.captions[0]), len(numbers)),
            numbers.setdefault(("family", p.metadata.get("family", p.key)), len(numbers)),
        ]
        for p in pictures
    ]
    images_out, texts_out = Scaler.of(features), Scaler.of(texts)
    return AlignSet(images_out(features), texts_out(texts), torch.tensor(groups)), images_out, texts_out


def classifier_set(rows: Tensor, encode: Encode, texts_out: Scaler) -> AlignSet:
    """Pseudo-pairs: ImageNet's classifier rows as image features, with the class's first name and its definition.

    Classes with a name or definition among the held-out captions are left out.

    Args:
        rows: (1000, 1280) weights of the classifier.
        encode: texts -> (k, n) vectors.
        texts_out: scaler of the train split's texts.
    """
    held_out = held_out_texts()
    texts = imagenet_texts()
    kept = [i for i, names in enumerate(texts) if not any(comparable(name) in held_out for name in names)]
    chosen = rows[kept]
    images = Scaler.of(chosen)(chosen)[None]
    words = torch.stack([encode([texts[i][j] for i in kept]) for j in (0, -1)])
    # Numbers of their own: no pseudo-pair shares a group with a real pair.
    groups = torch.arange(len(kept))[:, None] + torch.tensor([1_000_000, 2_000_000])
    return AlignSet(images, texts_out(words), groups)
