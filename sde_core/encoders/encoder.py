"""A loaded encoder: pictures and captions in, unit vectors out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from PIL.Image import Image

Precision = Literal["fp32", "fp16", "bf16"]
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, eq=False, kw_only=True)
class Encoder:
    """A model with its own preprocessing and tokenizer, on one device, in inference mode.

    Attributes:
        name: what to hand to `load_encoder` to load it again.
        model: open_clip model.
        preprocess: PIL picture -> (3, height, width) tensor.
        tokenizer: list of captions -> (k, context) token ids.
        device: where it computes.
        precision: "fp32", "fp16" or "bf16".
        weights_digest: `weights_digest` of the model before it was rounded to ``precision``; empty if it was
            not rounded.
    """

    name: str
    model: nn.Module
    preprocess: "Callable[[Image], Tensor]"
    tokenizer: Callable[[Sequence[str]], Tensor]
    device: torch.device
    precision: Precision
    weights_digest: str = ""

    @cached_property
    def weights_sha256(self) -> str:
        """Hex digest of the checkpoint's weights; the same for every device and precision."""
        return self.weights_digest or weights_digest(self.model)

    @property
    def preprocessing(self) -> str:
        """The picture preprocessing in words, one line."""
        return " ".join(str(self.preprocess).split())

    def encode_images(self, pictures: Tensor) -> Tensor:
        """Return (k, d) float32 unit vectors of preprocessed pictures (k, 3, height, width)."""
        dtype = next(self.model.parameters()).dtype
        with torch.inference_mode():
            features = self.model.encode_image(pictures.to(self.device, dtype))  # type: ignore[operator]
            return nn.functional.normalize(features.float(), dim=-1)

    def encode_texts(self, captions: Sequence[str]) -> Tensor:
        """Return (k, d) float32 unit vectors of captions."""
        tokens = self.tokenizer(list(captions)).to(self.device)
        with torch.inference_mode():
            features = self.model.encode_text(tokens)  # type: ignore[operator]
            return nn.functional.normalize(features.float(), dim=-1)

    def characters_read(self, caption: str) -> int:
        """Return how many characters of a caption fit into the tokenizer's context; what follows is not seen."""
        whole = self.tokenizer([caption])
        if not torch.equal(whole, self.tokenizer([f"{caption} a"])):
            return len(caption)
        too_short, enough = 0, len(caption)
        while enough - too_short > 1:
            middle = (too_short + enough) // 2
            if torch.equal(whole, self.tokenizer([caption[:middle]])):
                enough = middle
            else:
                too_short = middle
        return enough


def weights_digest(model: nn.Module) -> str:
    """Return the SHA-256 of all weights by name, shape, kind and content."""
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
