"""A loaded encoder: images and captions in, unit vectors out."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from sde_core.encoders.callables import encoder_of_callables

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

Precision = Literal["fp32", "fp16", "bf16"]
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a model was made by, for writing it again.

    Attributes:
        architecture: open_clip's ``model_cfg``, as it was used; empty for a model of another library.
        tokenizer: folder with the files of a tokenizer of transformers; None for open_clip's own.
        folder: of the encoder, where one folder holds it.
    """

    architecture: Mapping[str, Any] = field(default_factory=dict)
    tokenizer: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Encoder:
    """A model with its own preprocessing and tokenizer, on one device, in inference mode.

    Attributes:
        name: what to hand to `load_encoder` to load it again.
        model: with ``encode_image`` and ``encode_text``, such as open_clip's.
        preprocess: PIL image -> (3, height, width) tensor, or whatever tensor the model takes.
        tokenizer: list of captions -> (k, context) token ids.
        device: where it computes.
        precision: "fp32", "fp16" or "bf16".
        weights_digest: `weights_digest` of the model before it was rounded to ``precision``; empty if it was
            not rounded.
        origin: what the model was made by.
        remarks: sentences on what was assumed, resized or left out when it was loaded.
    """

    name: str
    model: nn.Module
    preprocess: "Callable[[Image], Tensor]"
    tokenizer: Callable[[Sequence[str]], Tensor]
    device: torch.device
    precision: Precision
    weights_digest: str = ""
    origin: Origin = field(default_factory=Origin)
    remarks: tuple[str, ...] = ()

    @classmethod
    def from_callables(
        cls,
        images: "Callable[[list[Image]], npt.ArrayLike]",
        texts: "Callable[[list[str]], npt.ArrayLike]",
        *,
        name: str = "",
        version: str = "",
    ) -> "Encoder":
        """Return an encoder made of two functions, whatever stands behind them.

        >>> import numpy as np
        >>> encoder = Encoder.from_callables(
        ...     lambda images: np.stack([np.asarray(i.resize((2, 2))).reshape(-1) for i in images]),
        ...     lambda texts: np.stack([np.full(12, len(t)) for t in texts]))
        >>> encoder.encode_texts(["a cat", "a dog"]).shape
        torch.Size([2, 12])

        Args:
            images: list of k PIL images (RGB) -> (k, d) numbers of any kind; need not be of unit length.
            texts: list of k captions -> (k, d) numbers.
            name: what people call it; `load_encoder` does not know it.
            version: of the weights behind it, any text, by which vectors of another version are told apart; without
                one a probe of two images and captions tells.

        Raises:
            ConfigError: they are no functions.
            EncoderError: when called: other than k rows, another width, or numbers that are not finite.
        """
        return encoder_of_callables(cls, images, texts, name=name, version=version)

    def __repr__(self) -> str:
        """Return one line: the name, where it computes, and how."""
        name = self.name if len(self.name) <= 80 else f"...{self.name[-77:]}"
        return f"Encoder({name!r}, {self.precision} on {self.device}, {type(self.model).__name__})"

    @cached_property
    def weights_sha256(self) -> str:
        """Hex digest of the checkpoint's weights; the same for every device and precision."""
        return self.weights_digest or weights_digest(self.model)

    @property
    def preprocessing(self) -> str:
        """The image preprocessing in words, one line."""
        return " ".join(str(self.preprocess).split())

    def encode_images(self, pictures: Tensor | Sequence[Tensor]) -> Tensor:
        """Return (k, d) float32 unit vectors of preprocessed images (k, 3, height, width).

        A model that prepares images itself, as those of `from_callables`, takes k of several sizes in a list.
        """
        if isinstance(pictures, Tensor) and pictures.is_floating_point():
            pictures = pictures.to(self.device, DTYPES[self.precision])
        with torch.inference_mode():
            features = self.model.encode_image(pictures)  # type: ignore[operator]
            return nn.functional.normalize(features.float(), dim=-1)

    def encode_pictures(self, pictures: "Sequence[Image]") -> Tensor:
        """Return (k, d) float32 unit vectors of PIL images of any size, k at least 1."""
        prepared = [self.preprocess(picture) for picture in pictures]
        same_size = len({x.shape for x in prepared}) == 1
        return self.encode_images(torch.stack(prepared) if same_size else prepared)

    def encode_texts(self, captions: Sequence[str]) -> Tensor:
        """Return (k, d) float32 unit vectors of captions."""
        return self.encode_tokens(self.tokenizer(list(captions)))

    def encode_tokens(self, tokens: Tensor) -> Tensor:
        """Return (k, d) float32 unit vectors of what the tokenizer made of k captions."""
        with torch.inference_mode():
            features = self.model.encode_text(tokens.to(self.device))  # type: ignore[operator]
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
    """Return the SHA-256 of all weights by name, shape, kind and content; of a probe where there are none."""
    probe = getattr(model, "probe_digest", None)
    if probe is not None:
        return str(probe())
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
