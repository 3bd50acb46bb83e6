"""The frozen image trunk's features of the pictures, plain and in augmented views, kept on disk."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tf

from .pairs import Picture
from .towers import IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD

BATCH = 64
WHITE = [255, 255, 255]


def plain_view(image: Image.Image, _: torch.Generator) -> Tensor:
    """The picture as open_clip's preprocessing of the shipped model hands it to the trunk."""
    resized = tf.resize(image, [IMAGE_SIZE], InterpolationMode.BICUBIC)
    return (tf.to_tensor(tf.center_crop(resized, [IMAGE_SIZE])) - PIXEL_MEAN) / PIXEL_STD


def augmented_view(image: Image.Image, generator: torch.Generator) -> Tensor:
    """A random view: turned, shifted, scaled, sheared, perhaps mirrored and recoloured."""

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=generator).item()

    if uniform(0, 1) < 0.5:
        image = tf.hflip(image)
    size = image.size[0]
    image = tf.affine(
        image,
        angle=uniform(-15, 15),
        translate=[round(uniform(-0.08, 0.08) * size), round(uniform(-0.08, 0.08) * size)],
        scale=uniform(0.75, 1.25),
        shear=[uniform(-6, 6)],
        interpolation=InterpolationMode.BILINEAR,
        fill=WHITE,
    )
    image = tf.adjust_brightness(image, uniform(0.8, 1.2))
    image = tf.adjust_saturation(image, uniform(0.5, 1.4))
    image = tf.adjust_contrast(image, uniform(0.8, 1.2))
    image = tf.adjust_hue(image, uniform(-0.04, 0.04))
    return plain_view(image, generator)


def cached_features(
    trunk: nn.Module, pictures: list[Picture], cache: Path, *, n_views: int, seed: int
) -> np.ndarray:
    """The trunk's pooled features: view 0 is plain, the others are augmented.

    Args:
        trunk: the image tower without its head, in evaluation mode.
        pictures: (m,) the pictures.
        cache: folder for one file a view; a view is computed again only if the pictures changed.
        n_views: how many views, at least 1.
        seed: of the augmentation.

    Returns:
        (n_views, m, 1280) float16.
    """
    digest = hashlib.sha256(
        b"".join(hashlib.sha256(picture.content).digest() for picture in pictures)
    ).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    views = []
    for view in range(n_views):
        path = cache / f"{digest}-{view}.npy"
        if not path.exists():
            make = plain_view if view == 0 else augmented_view
            generator = torch.Generator().manual_seed(1000 * seed + view)
            np.save(path, _trunk_features(trunk, _tensors(pictures, make, generator)))
        views.append(np.load(path))
    return np.stack(views)


def _tensors(
    pictures: list[Picture],
    make: Callable[[Image.Image, torch.Generator], Tensor],
    generator: torch.Generator,
) -> Iterator[Tensor]:
    for start in range(0, len(pictures), BATCH):
        yield torch.stack([make(picture.image(), generator) for picture in pictures[start : start + BATCH]])


@torch.inference_mode()
def _trunk_features(trunk: nn.Module, batches: Iterator[Tensor]) -> np.ndarray:
    trunk = trunk.to(memory_format=torch.channels_last)  # twice as fast on a CPU
    return np.concatenate(
        [trunk(batch.to(memory_format=torch.channels_last)).half().numpy() for batch in batches]
    )
