"""The proof that a written encoder is the one that was written: loaded again, and compared on a probe."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from sde_core.encoders import Encoder, load_encoder
from sde_core.errors import EncoderError

if TYPE_CHECKING:
    from PIL.Image import Image

# Another shape, size and content each; the seed makes every run try the same.
_SIZES = ((64, 48), (40, 90), (224, 224), (33, 33))
_CAPTIONS = (
    "a red square",
    "A Dog, running: 3 x faster!",
    "",
    "zwölf Boxkämpfer jagen Viktor",
    "one two three four five six seven eight nine ten " * 12,  # longer than any context
)
# Unit vectors of the same float32 weights differ by the order of sums; another activation by 1e-3 and more.
_SAME, _SAME_ON_GPU, _SAME_ROUNDED = 1e-5, 1e-3, 3e-2


def check_same(model: nn.Module, encoder: Encoder, folder: Path) -> None:
    """Check that ``folder`` opens as ``model`` with the preprocessing and tokenizer of ``encoder``.

    Raises:
        EncoderError: it does not, with what differs.
    """
    again = load_encoder(folder, device="cpu", precision="fp32")
    ours = replace(encoder, model=model)
    differs = _difference(ours, again)
    if differs:
        raise EncoderError(f"what was written of {encoder.name} does not open as the same encoder: {differs}")


def _difference(ours: Encoder, again: Encoder) -> str:
    """Return what differs, "" if nothing does."""
    if _words(ours.preprocessing) != _words(again.preprocessing):
        return f"pictures are prepared by {again.preprocessing[:120]} instead of {ours.preprocessing[:120]}"
    if not torch.equal(ours.tokenizer(_CAPTIONS).cpu(), again.tokenizer(_CAPTIONS)):
        return "captions become other tokens"
    for name in ("logit_scale", "logit_bias"):
        one, other = (getattr(e.model, name, None) for e in (ours, again))
        if (one is None) != (other is None):
            return f"{name} is {'missing' if other is None else 'new'}"
        if (
            one is not None
            and other is not None
            and not torch.equal(one.detach().cpu(), other.detach().to(one.dtype))
        ):
            return f"{name} has another value"
    pictures = probe_pictures()
    with _in_evaluation(ours.model):
        turns = {
            "pictures": _turn(ours.encode_pictures(pictures), again.encode_pictures(pictures)),
            "captions": _turn(ours.encode_texts(_CAPTIONS), again.encode_texts(_CAPTIONS)),
        }
    most = _tolerance(ours)
    worst = max(turns, key=lambda name: turns[name])
    return "" if turns[worst] <= most else f"vectors of {worst} differ by {turns[worst]:.1e}"


def _words(preprocessing: str) -> str:
    """Return the words of a preprocessing; JSON has lists where open_clip has tuples."""
    return preprocessing.replace("[", "(").replace("]", ")")


def probe_pictures() -> "list[Image]":
    """Return the images of the probe: smooth noise, the same in every run."""
    from PIL import Image

    numbers = np.random.default_rng(0)
    small = [numbers.integers(0, 256, (6, 6, 3), dtype=np.uint8) for _ in _SIZES]
    return [Image.fromarray(x).resize(size) for x, size in zip(small, _SIZES, strict=True)]


def _turn(one: Tensor, other: Tensor) -> float:
    """Return the largest distance of two rows; infinite where a number is missing."""
    if one.shape != other.shape:
        return float("inf")
    one, other = one.cpu(), other.cpu()
    if not torch.equal(
        one.isnan(), other.isnan()
    ):  # an average over the words of an empty caption is no number
        return float("inf")
    return float((one.nan_to_num() - other.nan_to_num()).norm(dim=1).max())


def _tolerance(encoder: Encoder) -> float:
    if encoder.precision != "fp32":
        return _SAME_ROUNDED
    return _SAME if encoder.device.type == "cpu" else _SAME_ON_GPU


@contextmanager
def _in_evaluation(model: nn.Module) -> Iterator[None]:
    """Keep each module in evaluation mode, and put it back as it was."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = False
        yield
    finally:
        for module, mode in modes:
            module.training = mode
