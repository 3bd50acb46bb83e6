"""Queries and candidates as vectors of a dual encoder: a side with text and image is the unit sum of both."""

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sde_core.encoders import Encoder
from sde_core.encoding import EncodeProgress, encode_pairs
from sde_core.pairs.base import Pair, Pairs
from sde_core.pairs.mmeb_tasks import MMEB, Side
from sde_core.sets.embeddings import Floats


def encode_sides(
    encoder: Encoder,
    tasks: MMEB,
    sides: Sequence[Side],
    *,
    progress: Callable[[EncodeProgress], None],
    batch_size: int = 64,
    workers: int | None = None,
) -> tuple[dict[Side, Floats], dict[Side, str]]:
    """Return a unit vector for each distinct side, and why some have none; each text and image is encoded once.

    Args:
        encoder: from `load_encoder`.
        tasks: whose images they are.
        sides: queries and candidates.
        progress: called after every batch.
        batch_size: images or texts at a time.
        workers: processes that decode images, as for `encode_pairs`.
    """
    distinct = dict.fromkeys(sides)
    pairs = _Sides(tasks, list(distinct))
    encoded = encode_pairs(encoder, pairs, progress=progress, batch_size=batch_size, workers=workers)
    of_text = dict(zip(encoded.captions, encoded.text, strict=True))
    of_image = {pairs.images.get(i, ""): row for i, row in zip(encoded.image_ids, encoded.image, strict=True)}
    reasons = {pairs.images.get(skipped.item, ""): skipped.reason for skipped in encoded.skipped}
    vectors: dict[Side, Floats] = {}
    broken: dict[Side, str] = {}
    for side in distinct:
        if side.image and side.image not in of_image:
            broken[side] = f"{side.image}: {reasons[side.image]}"
            continue
        total = sum(of[key] for of, key in ((of_text, side.text), (of_image, side.image)) if key)
        length = np.linalg.norm(total)
        if 0 < length < np.inf:
            vectors[side] = total / length
        else:
            broken[side] = "its vector is not finite, or its text and its picture cancel"
    return vectors, broken


class _Sides(Pairs):
    """The distinct images of some sides as pairs, after one of its own that carries all their texts."""

    uri = "MMEB"
    fingerprint = ""
    skipped = ()

    def __init__(self, tasks: MMEB, sides: Sequence[Side]) -> None:
        self._files = tasks.pictures
        self._texts = tuple(dict.fromkeys(side.text for side in sides if side.text)) or ("-",)
        distinct = dict.fromkeys(side.image for side in sides if side.image)
        self.images = {str(number): image for number, image in enumerate(distinct)}  # id -> path

    def __iter__(self) -> Iterator[Pair]:
        yield Pair(id="texts", captions=self._texts, read_image=_white_picture)
        yield from map(self.find, self.images)

    @property
    def n_items(self) -> int:
        return 1 + len(self.images)

    def find(self, pair_id: str) -> Pair:
        path = self.images[pair_id]
        return Pair(
            id=pair_id,
            captions=self._texts[:1],
            read_image=lambda: self._files.read(self._files.meant(self._files.inside(path))),
        )


def _white_picture() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    return out.getvalue()
