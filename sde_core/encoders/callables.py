"""An encoder made of two functions: any two towers, whatever library they come from."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from sde_core.errors import ConfigError, EncoderError

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

    Images = Callable[[list[Image]], npt.ArrayLike]
    Texts = Callable[[list[str]], npt.ArrayLike]

Encoder = TypeVar("Encoder")

PREFIX = "callables:"
"""What the name of such an encoder begins with."""

_END = -1  # stands after a caption's last letter


def encoder_of_callables(
    build: Callable[..., Encoder], images: "Images", texts: "Texts", *, name: str, version: str
) -> Encoder:
    """Return the encoder of `Encoder.from_callables`; ``build`` makes it of its fields, by name."""
    for given, what in ((images, "images"), (texts, "texts")):
        if not callable(given):
            raise ConfigError(f"{what} must be a function of a list; got {type(given).__name__}")
    called = name or getattr(images, "__qualname__", type(images).__name__)
    model = Callables(images, texts)
    encoder = build(
        name=f"{PREFIX}{called}",
        model=model.eval(),
        preprocess=as_pixels,
        tokenizer=as_letters,
        device=torch.device("cpu"),
        precision="fp32",
        weights_digest=hashlib.sha256(f"{called}\0{version}".encode()).hexdigest() if version else "",
    )
    return encoder


class Callables(nn.Module):
    """Two functions behind the face of a model.

    Args:
        images: list of PIL images -> rows.
        texts: list of captions -> rows.
    """

    def __init__(self, images: "Images", texts: "Texts") -> None:
        super().__init__()
        self._images, self._texts = images, texts
        self._width = 0

    def encode_image(self, pictures: Tensor | Sequence[Tensor]) -> Tensor:
        """Return the rows of k images, each (3, height, width) uint8."""
        from PIL import Image

        shown = [Image.fromarray(x.cpu().permute(1, 2, 0).contiguous().numpy()) for x in pictures]
        return self._checked(self._images(shown), len(shown), "images")

    def encode_text(self, letters: Tensor) -> Tensor:
        """Return the rows of captions (k, longest), as `as_letters` gives them."""
        captions = ["".join(map(chr, row[row != _END].tolist())) for row in letters.cpu()]
        return self._checked(self._texts(captions), len(captions), "texts")

    def probe_digest(self) -> str:
        """Return a digest of what both functions give for two fixed images and captions."""
        rows = np.arange(3 * 32 * 32, dtype=np.uint8).reshape(1, 3, 32, 32)
        pictures = torch.from_numpy(np.concatenate([rows, rows[:, :, ::-1]]))
        found = (self.encode_image(pictures), self.encode_text(as_letters(["a cat", "a red square"])))
        digest = hashlib.sha256()
        for each in found:
            digest.update(f"{tuple(each.shape)}".encode())
            digest.update(each.contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _checked(self, made: Any, wanted: int, what: str) -> Tensor:  # noqa: ANN401
        if isinstance(made, Tensor):
            made = made.detach().cpu().float().numpy()
        try:
            rows = np.asarray(made, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"{what} must return rows of numbers; got {type(made).__name__}: {error}"
            ) from None
        if rows.ndim != 2 or len(rows) != wanted:
            raise EncoderError(
                f"{what} must return one row for each of {wanted}, ({wanted}, d); got the shape {rows.shape}"
            )
        self._width = self._width or rows.shape[1]
        if rows.shape[1] != self._width:
            raise EncoderError(
                f"images and texts must return rows of one width; {what} gave {rows.shape[1]} after {self._width}"
            )
        return torch.from_numpy(np.array(rows))  # a copy: the caller's array may be used again


def as_pixels(picture: "Image") -> Tensor:
    """Return an image as it is, (3, height, width) uint8."""
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).contiguous()


def as_letters(captions: Sequence[str]) -> Tensor:
    """Return captions as code points (k, longest), -1 after the last: nothing is cut."""
    codes = [[ord(letter) for letter in caption] for caption in captions]
    longest = max(1, max(map(len, codes), default=1))
    return torch.tensor([row + [_END] * (longest - len(row)) for row in codes], dtype=torch.int32)
