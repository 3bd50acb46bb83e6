"""CLIP, SigLIP and SigLIP 2 in the layout of transformers or sentence-transformers, read without their code."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sde_core.encoders import explain
from sde_core.encoders.bare_files import MODEL_CONFIG, PROCESSOR_FILES, TOKENIZER_FILES, copy_bare
from sde_core.encoders.encoder import Origin
from sde_core.encoders.opened import Opened
from sde_core.encoders.resolve import Source
from sde_core.encoders.settings import read_json
from sde_core.encoders.tokenizer import bare_tokenizer
from sde_core.errors import EncoderError
from sde_core.files.mapped import path_to_map

if TYPE_CHECKING:
    from PIL.Image import Image

_WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel", "siglip2": "Siglip2Model"}
_PLACES = 256  # a grid's height and width are kept as digits to this base, which half precision holds exactly


def opened_transformers(source: Source) -> Opened:
    """Return the parts of a model of transformers.

    Raises:
        EncoderError: something is missing or damaged, or only code of its own would load it.
    """
    folder = source.folder
    assert folder is not None
    if not any((_place(folder, PROCESSOR_FILES) / name).is_file() for name in PROCESSOR_FILES):
        raise EncoderError(
            f"{source.label} must hold {PROCESSOR_FILES[0]} beside its model, as save_pretrained of its processor "
            "writes it; there is none"
        )
    try:
        tokenizer = Captions(bare_tokenizer(_place(folder, TOKENIZER_FILES)), _longest(folder))
        preprocess = Prepared(_image_processor(_place(folder, PROCESSOR_FILES)))
    except EncoderError:
        raise
    except Exception as error:  # loaders raise many kinds: to the user they are one
        raise EncoderError(
            f"{source.label} must hold the files of its tokenizer and image processor, as the processor's "
            f"save_pretrained writes them, and code that comes with them is never run: {explain.first_line(error)}"
        ) from error
    try:
        model = _model(folder, source.label)
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(explain.unreadable(source, error)) from error
    return Opened(
        model=Towers(model),
        preprocess=preprocess,
        tokenizer=tokenizer,
        origin=Origin(folder=folder),
        remarks=(),
    )


class Towers(nn.Module):
    """A model of transformers behind the face of open_clip's.

    Args:
        model: with ``get_image_features`` and ``get_text_features``.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def encode_image(self, pictures: Tensor) -> Tensor:
        """Return (k, d) of what `Prepared` makes of images."""
        if pictures.ndim == 4:
            return _rows(self.model.get_image_features(pixel_values=pictures))  # type: ignore[operator]
        size = pictures.shape[-1] - 5
        digits = pictures[:, 0, size + 1 :].round().long()
        shapes = torch.stack(
            [digits[:, 0] * _PLACES + digits[:, 1], digits[:, 2] * _PLACES + digits[:, 3]], dim=1
        )
        return _rows(
            self.model.get_image_features(  # type: ignore[operator]
                pixel_values=pictures[..., :size],
                pixel_attention_mask=pictures[..., size].round().int(),
                spatial_shapes=shapes,
            )
        )

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Return (k, d) of what `Captions` makes of captions."""
        mask = {"attention_mask": tokens[..., 1]} if tokens.shape[-1] > 1 else {}
        return _rows(self.model.get_text_features(input_ids=tokens[..., 0], **mask))  # type: ignore[operator]


class Captions:
    """A tokenizer: captions -> (k, context, 1 or 2) of ids and, where the tokenizer gives one, the mask.

    Args:
        tokenizer: of transformers.
        longest: tokens that the text tower has places for.
    """

    def __init__(self, tokenizer: Any, longest: int) -> None:  # noqa: ANN401
        self._tokenizer = tokenizer
        self._longest = min(longest, tokenizer.model_max_length or longest)

    def __call__(self, captions: Sequence[str]) -> Tensor:
        """Return the tokens, cut and filled to the context's length."""
        found = self._tokenizer(
            list(captions),
            padding="max_length",
            truncation=True,
            max_length=self._longest,
            return_tensors="pt",
        )
        parts = [found[name] for name in ("input_ids", "attention_mask") if name in found]
        return torch.stack(parts, dim=-1)


class Prepared:
    """The model's own preparation of an image.

    Args:
        processor: image processor of transformers.
    """

    def __init__(self, processor: Any) -> None:  # noqa: ANN401
        self._processor = processor

    def __call__(self, picture: "Image") -> Tensor:
        """Return (3, height, width), or (patches, values + 5) of patches with their mask and grid (SigLIP 2)."""
        found = self._processor(images=picture, return_tensors="pt")
        pixels: Tensor = found["pixel_values"][0]
        if "spatial_shapes" not in found:
            return pixels
        height, width = (int(x) for x in found["spatial_shapes"][0])
        digits = torch.tensor([*divmod(height, _PLACES), *divmod(width, _PLACES)], dtype=pixels.dtype)
        mask = found["pixel_attention_mask"][0].to(pixels.dtype)[:, None]
        return torch.cat([pixels, mask, digits.expand(len(pixels), 4)], dim=1)

    def __repr__(self) -> str:
        """Return kind and settings of the processor, which are a set's provenance."""
        own = self._processor.to_dict()
        names = ("size", "crop_size", "resample", "image_mean", "image_std", "do_resize", "do_center_crop",
                 "do_normalize", "rescale_factor", "max_num_patches", "patch_size")  # fmt: skip
        said = ", ".join(f"{name}={own[name]}" for name in names if own.get(name) is not None)
        return f"{type(self._processor).__name__}({said})"


def _rows(found: Any) -> Tensor:  # noqa: ANN401
    """Return the vectors: older versions give them, newer ones an object with them."""
    rows: Tensor = found if isinstance(found, Tensor) else found.pooler_output
    return rows


def _place(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the folder that holds such files: the model's, or the one above it (sentence-transformers)."""
    for place in (folder, folder.parent):
        if any((place / name).is_file() for name in names):
            return place
    return folder


def _longest(folder: Path) -> int:
    text = read_json(folder / MODEL_CONFIG).get("text_config") or {}
    kind = read_json(folder / MODEL_CONFIG).get("model_type")
    return int(text.get("max_position_embeddings") or (77 if kind == "clip" else 64))


def _image_processor(place: Path) -> Any:  # noqa: ANN401
    import tempfile

    from transformers import AutoImageProcessor

    with tempfile.TemporaryDirectory(prefix="sde-encoder-") as bare:
        copy_bare(place, Path(bare), (*PROCESSOR_FILES, MODEL_CONFIG))
        return AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            bare, trust_remote_code=False, local_files_only=True
        )


def _model(folder: Path, label: str) -> nn.Module:
    """Return the model, built by its class from the settings, and filled without any code of the folder."""
    import tempfile

    import transformers

    kind = str(read_json(folder / MODEL_CONFIG).get("model_type"))
    with tempfile.TemporaryDirectory(prefix="sde-encoder-") as place, ExitStack() as open_files, _quiet():
        bare = Path(place)
        copy_bare(folder, bare, (MODEL_CONFIG, *(name for name in _WEIGHTS if name.endswith(".json"))))
        if not _link_weights(folder, bare, open_files):
            raise EncoderError(
                f"{label} must hold the weights beside {MODEL_CONFIG}: model.safetensors; there are none"
            )
        build = getattr(transformers, _CLASSES[kind])
        model, said = build.from_pretrained(str(bare), local_files_only=True, output_loading_info=True)
    missing = sorted(said["missing_keys"])
    if missing or said.get("mismatched_keys"):
        raise EncoderError(
            f"the weights of {label} must fill its model; {len(missing)} are missing: {missing[:3]}"
        )
    made: nn.Module = model.float()
    # What stays mapped ends the process when its file is cut off.
    for tensor in (*made.parameters(), *made.buffers()):
        tensor.data = tensor.data.clone()
    return made


def _link_weights(folder: Path, bare: Path, open_files: ExitStack) -> bool:
    """Link the weights' files, safetensors before others, and return whether there are any."""
    for suffix in (".safetensors", ".bin"):
        stem = "model" if suffix == ".safetensors" else "pytorch_model"
        found = [p for p in folder.glob(f"{stem}*{suffix}") if p.is_file()]
        for path in found:
            os.symlink(open_files.enter_context(path_to_map(path.resolve())), bare / path.name)
        if found:
            return True
    return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's bars and remarks out of the terminal: what matters is raised."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
