"""Fixtures that several test folders use: tiny encoders as the libraries of the field save them."""

import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

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


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory) -> Path:
    """A small CLIP with tokenizer and image processor, as transformers saves it; weights random."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    folder = tmp_path_factory.mktemp("clip")
    save_model(CLIPModel, CLIPConfig, folder, text={"bos_token_id": 7, "eos_token_id": 8, "pad_token_id": 0},
               vision={"image_size": 32}, projection_dim=16)  # fmt: skip
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
        folder
    )
    tokenizer = with_end(word_tokenizer())
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def siglip_of_transformers(tmp_path_factory) -> Path:
    """A small SigLIP as transformers saves it."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    folder = tmp_path_factory.mktemp("siglip")
    save_model(SiglipModel, SiglipConfig, folder, text={"projection_size": 32}, vision={"image_size": 32})
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    word_tokenizer().save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def siglip2_folder(tmp_path_factory) -> Path:
    """A small SigLIP 2 that takes pictures of any shape, as transformers saves it."""
    from transformers import Siglip2Config, Siglip2ImageProcessor, Siglip2Model

    folder = tmp_path_factory.mktemp("siglip2")
    save_model(Siglip2Model, Siglip2Config, folder, text={"projection_size": 32}, vision={"num_patches": 16})
    Siglip2ImageProcessor(patch_size=8, max_num_patches=16).save_pretrained(folder)
    word_tokenizer().save_pretrained(str(folder))
    return folder


def save_model(model_class, config_class, folder: Path, *, text: dict, vision: dict, **more) -> None:
    """Save a model of transformers with two layers a tower, far from its initial zeros."""
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    words = {"vocab_size": 40, "max_position_embeddings": 16, "bos_token_id": 1, "eos_token_id": 1} | text
    config = config_class(text_config=small | words, vision_config=small | {"patch_size": 8} | vision, **more)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = model_class(config)
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.data.normal_(std=0.3)
    model.eval().save_pretrained(folder)


def with_end(tokenizer):
    """Return the tokenizer with a word that ends each caption, which a CLIP pools at."""
    from tokenizers.processors import TemplateProcessing

    tokenizer.add_special_tokens({"bos_token": "[BOS]", "eos_token": "[EOS]"})
    ids = [(name, tokenizer.convert_tokens_to_ids(name)) for name in ("[BOS]", "[EOS]")]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[BOS] $A [EOS]", special_tokens=ids
    )
    return tokenizer
