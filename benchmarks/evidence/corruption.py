"""Pictures and captions made worse in a known way, seeded by what they are."""

import hashlib
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def _noise(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    values = np.asarray(image, dtype=np.float64) + generator.normal(0, 50, (image.height, image.width, 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _blur(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(2.5))


def _low_resolution(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.resize((24, 24), Image.Resampling.BOX).resize(image.size, Image.Resampling.NEAREST)


def _low_contrast(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(0.25)


def _grey(image: Image.Image, _: np.random.Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


def _occlusion(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    changed = image.copy()
    side = round(0.45 * min(image.size))
    left, top = (int(generator.integers(0, length - side + 1)) for length in image.size)
    changed.paste((128, 128, 128), (left, top, left + side, top + side))
    return changed


PICTURES: dict[str, Change] = {
    "noise": _noise,
    "blur": _blur,
    "low-resolution": _low_resolution,
    "low-contrast": _low_contrast,
    "grey": _grey,
    "occlusion": _occlusion,
}
"""What happens to a picture, by name."""


def corrupted(image: Image.Image, name: str, key: str) -> Image.Image:
    """Return the picture with the corruption ``name``; the same for the same ``key``."""
    seed = int.from_bytes(hashlib.sha256(f"{name}/{key}".encode()).digest()[:8], "little")
    return PICTURES[name](image, np.random.default_rng(seed))


def _typed_badly(words: str, rng: random.Random) -> str:
    letters = list(words)
    for i in range(len(letters) - 1):
        if rng.random() < 0.12 and letters[i].isalpha() and letters[i + 1].isalpha():
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def _dropped(words: str, rng: random.Random) -> str:
    every = words.split()
    kept = [word for word in every if rng.random() >= 0.4]
    return " ".join(kept or [rng.choice(every)])


CAPTIONS: dict[str, Callable[[str, random.Random], str]] = {"typing": _typed_badly, "dropped": _dropped}
"""What happens to a caption, by name."""


def noisy(words: str, name: str) -> str:
    """Return the caption with the noise ``name``; the same for the same words."""
    return CAPTIONS[name](words, random.Random(f"{name}/{words}"))
