import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.fixtures import TINY_CONFIG


@pytest.fixture(scope="session")
def tiny_names(tmp_path_factory):
    """Two small architectures that open_clip knows by name: a CLIP, and one with another width of text."""
    import open_clip

    folder = tmp_path_factory.mktemp("configs")
    wide = copy.deepcopy(TINY_CONFIG["model_cfg"])
    wide["text_cfg"]["width"] = 48
    for name, config in (("tiny-clip", TINY_CONFIG["model_cfg"]), ("tiny-wide", wide)):
        (folder / f"{name}.json").write_text(json.dumps(config))
        open_clip.add_model_config(folder / f"{name}.json")
    return "tiny-clip", "tiny-wide"


@pytest.fixture(scope="session")
def tiny_weights(tiny_encoder_folder):
    from safetensors.torch import load_file

    return load_file(tiny_encoder_folder / "open_clip_model.safetensors")


SIGLIP_CONFIG = {
    "model_cfg": {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        # timm's smallest vision transformer stands for SigLIP's base one: same pooling by attention, no projection.
        "vision_cfg": {
            "image_size": 160, "timm_model_name": "test_vit", "timm_model_pretrained": False,
            "timm_pool": "map", "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 16, "vocab_size": 40, "width": 64, "heads": 2, "layers": 1,
            "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"},
            "no_causal_mask": True, "proj_bias": True, "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        },
    },
    "preprocess_cfg": {
        "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "squash",
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def siglip_folder(tmp_path_factory) -> Path:
    """A small SigLIP with a tokenizer of its own, as a folder; weights random."""
    import open_clip

    folder = tmp_path_factory.mktemp("siglip")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = copy.deepcopy(SIGLIP_CONFIG["model_cfg"])
        config.pop("custom_text")
        model = open_clip.CustomTextCLIP(**config)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(SIGLIP_CONFIG))
    word_tokenizer().save_pretrained(str(folder))
    return folder


def word_tokenizer():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "a", "cat", "dog", "red", "square"])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
