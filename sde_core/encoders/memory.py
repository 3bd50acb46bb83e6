"""What fits into memory: the arithmetic of the model and the batch of images."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sde_core.encoders.encoder import Encoder, Precision
from sde_core.files import memory

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_BATCH = {"cuda": 512}
"""A GPU gains nothing beyond; a CPU nothing beyond `CPU_BATCH`."""
CPU_BATCH = 64

_SHARE = 0.25  # of what is free: decoded images, vectors and other programs want some too
_LIVE = 4  # outputs of about as many layers as the widest one are alive at a time


def default_batch_size(encoder: Encoder) -> int:
    """Return how many images to encode at a time: a power of two that fits a quarter of the free memory.

    One grey image is passed through the model; its widest layer gives the memory of an image.
    """
    room = _SHARE * free_bytes(encoder.device)
    fits = int(room // max(1, _LIVE * picture_bytes(encoder)))
    most = LARGEST_BATCH.get(encoder.device.type, CPU_BATCH)
    return 1 << (max(1, min(fits, most)).bit_length() - 1)


def picture_bytes(encoder: Encoder) -> int:
    """Return the bytes that go into and out of the widest layer for one image."""
    from PIL import Image

    widest = 0

    def measure(module: nn.Module, given: "Sequence[object]", made: object) -> None:
        nonlocal widest
        tensors = [t for t in (*given, made) if isinstance(t, Tensor)]
        widest = max(widest, sum(t.numel() * t.element_size() for t in tensors))

    leaves = [m for m in encoder.model.modules() if not list(m.children())]
    hooks = [leaf.register_forward_hook(measure) for leaf in leaves]
    try:
        encoder.encode_images(encoder.preprocess(Image.new("RGB", (64, 64), "grey"))[None])
    finally:
        for hook in hooks:
            hook.remove()
    return widest


def fitting_precision(model: nn.Module, device: torch.device) -> Precision:
    """Return "fp32" where the weights take at most half of the free memory, else the device's half precision."""
    size = sum(4 * p.numel() for p in model.parameters())
    # On the CPU the weights are there already.
    free = free_bytes(device) + (size if device.type == "cpu" else 0)
    if size <= 0.5 * free:
        return "fp32"
    return "fp16" if device.type == "cuda" else "bf16"


def free_bytes(device: torch.device) -> int:
    """Return the memory that is free on ``device``; for the CPU also what the container may still take."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return memory.free_bytes()
