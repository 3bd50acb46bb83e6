"""Which architecture a checkpoint was made with, as far as its shapes tell."""

import re
from collections.abc import Mapping
from typing import Any

import torch

Shapes = dict[str, tuple[int, ...]]

# A position embedding is resized to the model's own, so its shape says nothing.
_FREE = ("positional_embedding", "pos_embed", "logit_scale", "logit_bias", "attn_mask")
_MOST_CANDIDATES = 20


def shapes_of(state: Mapping[str, Any]) -> Shapes:
    """Return the shape of each tensor of a state dict."""
    return {key: tuple(value.shape) for key, value in state.items() if hasattr(value, "shape")}


def fitting_architectures(shapes: Shapes) -> list[str]:
    """Return open_clip's architectures with these weights; those of the same image size first.

    Architectures that differ in nothing but the activation ("-quickgelu") have equal shapes and are all named.
    Those whose text tower comes from the hub cannot be told.

    Args:
        shapes: from `shapes_of`.
    """
    import open_clip

    wanted = comparable(shapes)
    likely = [
        name for name in open_clip.list_models() if _is_likely(open_clip.get_model_config(name), shapes)
    ]
    fitting = []
    for name in likely[:_MOST_CANDIDATES]:
        own = architecture_shapes(name)
        if comparable(own) == wanted:
            exact = all(shapes.get(key, shape) == shape for key, shape in own.items())
            fitting.append((not exact, name))
    return [name for _, name in sorted(fitting)]


def architecture_shapes(name: str) -> Shapes:
    """Return the shapes of an architecture; nothing is allocated. Empty if it cannot be built without the hub."""
    import open_clip

    try:
        with torch.device("meta"):  # from the start: initial weights of a large model take seconds
            model = open_clip.create_model(name, load_weights=False, pretrained_text=False, device="meta")
    except Exception:  # a text tower of the hub, or a package that is not there: not a candidate
        return {}
    return shapes_of(model.state_dict())


def comparable(shapes: Shapes) -> Shapes:
    """Return the shapes that must be equal, under names that do not tell the two layouts of text apart."""
    return {
        key.removeprefix("text."): shape
        for key, shape in shapes.items()
        if key.split(".")[-1] not in _FREE and not key.endswith("position_ids")
    }


def _is_likely(config: dict[str, Any] | None, shapes: Shapes) -> bool:
    """Return whether the plain numbers of a config agree with the shapes."""
    text = {
        key.removeprefix("text."): shape for key, shape in shapes.items() if not key.startswith("visual.")
    }
    if config is None or "hf_model_name" in config["text_cfg"] or "token_embedding.weight" not in text:
        return False
    if ("multimodal_cfg" in config) != any(key.startswith("text_decoder.") for key in shapes):
        return False
    layers = {m[1] for key in text if (m := re.match(r"transformer\.resblocks\.(\d+)\.", key))}
    own, picture = config["text_cfg"], config["vision_cfg"]
    tokens = (own.get("vocab_size", 49408), own.get("width", 512))
    if tokens != text["token_embedding.weight"] or own.get("layers", 12) != len(layers):
        return False
    is_timm = any(key.startswith("visual.trunk.") for key in shapes)
    if is_timm != ("timm_model_name" in picture):
        return False
    projection = next((s for s in (text.get("text_projection"), shapes.get("visual.proj")) if s), None)
    if projection is not None and config["embed_dim"] not in projection:
        return False
    conv = shapes.get("visual.conv1.weight")
    if is_timm or conv is None or "visual.layer1.0.conv1.weight" in shapes:
        return True
    return (conv[0], conv[-1]) == (picture.get("width", 768), picture.get("patch_size", 16))
