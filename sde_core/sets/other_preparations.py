"""Other ways in which a writer may have used an encoder: statistics of a batch, another preparation of images."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from sde_core.encoders import Encoder
from sde_core.geometry.parity.rows import row_cosines

if TYPE_CHECKING:
    from PIL.Image import Image

_TRIED = 3  # images for each preparation; a match is then tried on all


def in_training_mode(encoder: Encoder) -> nn.Module | None:
    """Return a copy of the model whose BatchNorms take the statistics of a batch; None where it has none."""
    from torch.nn.modules.batchnorm import _BatchNorm

    if not any(isinstance(module, _BatchNorm) for module in encoder.model.modules()):
        return None
    model = copy.deepcopy(encoder.model)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.training = True
    return model


def matching_preparation(
    encoder: Encoder, shown: "Sequence[Image]", wanted: "np.ndarray[Any, Any]", same: float
) -> str:
    """Return which of the usual preparations gives the vectors ``wanted`` (k, d) of ``shown``, "" if none."""
    settings = getattr(getattr(encoder.model, "visual", None), "preprocess_cfg", None)
    if not settings:
        return ""
    for words, prepare in _preparations(dict(settings), encoder.preprocess):
        for n in (_TRIED, len(shown)):
            made = encoder.encode_images(torch.stack([prepare(x) for x in shown[:n]])).cpu().numpy()
            if row_cosines(made, wanted[:n]).min() < same:
                break
        else:
            return words
    return ""


def _preparations(
    settings: dict[str, Any], own: "Callable[[Image], Tensor]"
) -> "Iterator[tuple[str, Callable[[Image], Tensor]]]":
    """Yield what writers use by mistake, the likely ones first."""
    from open_clip import constants
    from open_clip.transform import PreprocessCfg, image_transform_v2

    def of(**changes: object) -> "Callable[[Image], Tensor]":
        made: Callable[[Image], Tensor] = image_transform_v2(
            PreprocessCfg(**settings | changes), is_train=False
        )
        return made

    colours = {
        "mean and std of OpenAI's CLIP": (constants.OPENAI_DATASET_MEAN, constants.OPENAI_DATASET_STD),
        "mean and std of ImageNet": (constants.IMAGENET_MEAN, constants.IMAGENET_STD),
        "mean and std of 0.5": (constants.INCEPTION_MEAN, constants.INCEPTION_STD),
        "no mean and std": ((0.0,) * 3, (1.0,) * 3),
    }
    shapes = {
        f"{mode} resizing, {interpolation}": {"resize_mode": mode, "interpolation": interpolation}
        for mode in ("shortest", "squash", "longest")
        for interpolation in ("bicubic", "bilinear")
    }
    for words, (mean, std) in colours.items():
        yield words, of(mean=mean, std=std)
    yield "red and blue exchanged", lambda picture: own(_exchanged(picture))
    for words, change in shapes.items():
        yield words, of(**change)
    for words, (mean, std) in colours.items():
        for more, change in shapes.items():
            yield f"{words}, {more}", of(mean=mean, std=std, **change)


def _exchanged(picture: "Image") -> "Image":
    from PIL import Image

    return Image.merge("RGB", picture.convert("RGB").split()[::-1])
