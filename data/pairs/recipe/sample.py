"""One picture with its captions before it has a split, and the picture's form."""

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

SIDE = 96
QUALITY = 72


@dataclass(kw_only=True)
class Sample:
    """A pair on its way into a shard.

    Attributes:
        key: WebDataset key.
        captions: primary caption first.
        webp: the encoded picture.
        related: strings that two samples share only if they must be in the same split.
        metadata: what goes into `KEY.json`.
    """

    key: str
    captions: list[str]
    webp: bytes
    related: list[str]
    metadata: dict[str, Any] = field(default_factory=dict)


def squared(picture: Image.Image) -> Image.Image:
    """Return the picture on a white square of `SIDE` pixels, whole and centred."""
    layer = picture.convert("RGBA")
    layer.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    square = Image.new("RGBA", (SIDE, SIDE), "white")
    square.alpha_composite(layer, ((SIDE - layer.width) // 2, (SIDE - layer.height) // 2))
    return square.convert("RGB")


def as_webp(picture: Image.Image) -> bytes:
    """Return the picture as lossy WebP."""
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=6)
    return out.getvalue()


def pixel_digest(picture: Image.Image) -> str:
    """Return a digest that two pictures share if their pixels are equal."""
    return hashlib.sha256(picture.tobytes()).hexdigest()
