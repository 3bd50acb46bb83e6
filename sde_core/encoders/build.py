"""A model of open_clip from checked settings and the tensors of a checkpoint."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sde_core.encoders.bare_files import MODEL_CONFIG, bare_folder
from sde_core.encoders.settings import Settings
from sde_core.errors import EncoderError

_START_OF_BIAS = -10.0  # of the SigLIP paper; a place for the number that the weights bring


def completed(settings: Settings, state: Mapping[str, Tensor]) -> Settings:
    """Return the settings with what only the weights tell: a text tower of its own class, SigLIP's offset."""
    architecture = copy.deepcopy(settings.architecture)
    if any(name.startswith("text.") for name in state) or "hf_model_name" in architecture["text_cfg"]:
        architecture["custom_text"] = True
    if "logit_bias" in state and architecture.get("init_logit_bias") is None:
        architecture["init_logit_bias"] = _START_OF_BIAS
    return Settings(architecture=architecture, preprocessing=settings.preprocessing)


def built(settings: Settings, folder: Path | None) -> nn.Module:
    """Return the model with random weights and its preprocessing set, float32 on the CPU.

    Args:
        settings: from `completed`.
        folder: where a text tower's config may lie beside the encoder's own.
    """
    from open_clip import CLIP, CoCa, CustomTextCLIP
    from open_clip.model import set_model_preprocess_cfg

    architecture = copy.deepcopy(settings.architecture)
    custom = architecture.pop("custom_text", False)
    kind = CLIP if not custom else CoCa if "multimodal_cfg" in architecture else CustomTextCLIP
    if "timm_model_name" in architecture["vision_cfg"]:
        architecture["vision_cfg"]["timm_model_pretrained"] = False
    text = architecture["text_cfg"]
    with _tower_config(text.get("hf_model_name"), folder) as tower:
        if tower is not None:
            text["hf_model_name"] = str(tower)
            text["hf_model_pretrained"] = False
        model: nn.Module = kind(**architecture)
    set_model_preprocess_cfg(model, preprocessing_of(settings, model))
    return model


def preprocessing_of(settings: Settings, model: nn.Module) -> dict[str, Any]:
    """Return open_clip's whole preprocessing: what is said, at the model's size, else open_clip's own."""
    from dataclasses import asdict

    from open_clip.transform import PreprocessCfg

    size = getattr(model.visual, "image_size", None)
    return asdict(PreprocessCfg()) | settings.preprocessing | ({} if size is None else {"size": size})


def fill(model: nn.Module, state: dict[str, Tensor]) -> list[str]:
    """Load the weights into the model, strictly, and return sentences on what was resized.

    Raises:
        RuntimeError: names or shapes differ.
    """
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    state = convert_state_dict(model, dict(state))
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    state.pop("text.transformer.embeddings.position_ids", None)  # transformers left it out in 4.31
    for name in ("logit_scale", "logit_bias"):
        own = getattr(model, name, None)
        if own is None:
            continue
        if name == "logit_bias" and name not in state:  # an InfoNCE's weights in a SigLIP
            state[name] = torch.zeros_like(own)
        if name in state and state[name].numel() == own.numel():
            state[name] = state[name].reshape(own.shape)
    before = {name: tuple(tensor.shape) for name, tensor in state.items() if "positional_embedding" in name}
    if state.keys() <= model.state_dict().keys():  # else the mismatch is told below
        resize_pos_embed(state, model)
        resize_text_pos_embed(state, model)
    model.load_state_dict(state, strict=True)
    return [
        _resized(name, shape, tuple(state[name].shape))
        for name, shape in before.items()
        if state[name].shape != shape
    ]


def _resized(name: str, before: tuple[int, ...], after: tuple[int, ...]) -> str:
    what = "pictures" if name.startswith("visual.") else "captions"
    return (
        f"positions of {what} were resized from {before[0]} to {after[0]} by interpolation: the checkpoint was trained "
        "at another size"
    )


@contextmanager
def _tower_config(name: str | None, folder: Path | None) -> Iterator[Path | None]:
    """Yield a folder with the config of a text tower of transformers, without what names code."""
    if not name:
        yield None
        return
    with bare_folder(_place_of_tower(name, folder), (MODEL_CONFIG,)) as bare:
        _check_kind(bare / MODEL_CONFIG, name)
        yield bare


def _place_of_tower(name: str, folder: Path | None) -> Path:
    places = [Path(name).expanduser()] if folder is None else [folder / name, Path(name).expanduser()]
    for place in places:
        if (place / MODEL_CONFIG).is_file():
            return place
    from huggingface_hub import hf_hub_download

    found: str = hf_hub_download(name, MODEL_CONFIG)
    return Path(found).parent


def _check_kind(config: Path, name: str) -> None:
    from transformers import CONFIG_MAPPING

    from sde_core.encoders.settings import read_json

    kind = read_json(config).get("model_type")
    if kind not in CONFIG_MAPPING:
        raise EncoderError(
            f"the text tower {name} is of the kind {kind!r}, which the installed transformers does not know without "
            "code of the tower's own, and that is never run: wrap the encoder by Encoder.from_callables"
        )
