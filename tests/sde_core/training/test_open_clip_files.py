"""What is written of an encoder opens as the same encoder, here and in open_clip, or it is not written."""

import json
import shutil
from dataclasses import replace

import open_clip
import pytest
import torch

import sde_core as sde
from sde_core.errors import EncoderError
from sde_core.training import proof
from sde_core.training.open_clip_files import write_open_clip
from tests.encoder_folders import word_tokenizer

SMALL = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 32},
    "text_cfg": {"width": 32, "heads": 2, "layers": 2},
}


def _folder(tmp_path, change=lambda config: None, preprocessing=None):
    """Return a folder of a small model with weights far from their initial ones."""
    from safetensors.torch import save_file

    from sde_core.encoders.build import built, completed
    from sde_core.encoders.settings import Settings

    architecture = json.loads(json.dumps(SMALL))
    folder = tmp_path / "start"
    folder.mkdir()
    change(architecture)
    config = {"model_cfg": architecture, "preprocess_cfg": preprocessing or {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = built(completed(Settings(architecture=architecture), {}), folder)
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.data.mul_(3)
    save_file(
        {name: w.contiguous() for name, w in model.state_dict().items()}, folder / "weights.safetensors"
    )
    return folder


def _trained(encoder):
    """Return a copy of the model moved a little, as a training would."""
    import copy

    model = copy.deepcopy(encoder.model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.01)
    return model


def _custom_text(config):
    config["custom_text"] = True


CHANGES = {
    "plain": lambda config: None,
    "quick_gelu": lambda config: config.update(quick_gelu=True),
    "context": lambda config: config["text_cfg"].update(context_length=12),
    "custom text": _custom_text,
    "logit bias": lambda config: config.update(init_logit_bias=-10),
    "cleaned": lambda config: config["text_cfg"].update(tokenizer_kwargs={"clean": "canonicalize"}),
    "scale of shape 1": lambda config: config.update(nonscalar_logit_scale=True),
}
PREPROCESSING = {
    "none": {},
    "inception": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": "squash"},
    "longest": {"resize_mode": "longest", "interpolation": "bilinear", "fill_color": 128},
}


@pytest.mark.parametrize(
    ("change", "preprocessing"),
    [*((name, "none") for name in CHANGES), ("plain", "inception"), ("quick_gelu", "longest")],
)
def test_a_written_encoder_is_the_same_here_and_in_open_clip(tmp_path, change, preprocessing):
    start = sde.load_encoder(_folder(tmp_path, CHANGES[change], PREPROCESSING[preprocessing]))
    model = _trained(start)
    folder = write_open_clip(model, start, tmp_path / "out")
    ours, again = replace(start, model=model), sde.load_encoder(folder)
    pictures, words = proof.probe_pictures(), ["a red square", "a dog " * 90]
    theirs, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    theirs.eval()
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(words)
    with torch.inference_mode():
        images = theirs.encode_image(torch.stack([preprocess(x) for x in pictures]), normalize=True)
        texts = theirs.encode_text(tokens, normalize=True)
    for made in (again.encode_pictures(pictures), images):
        torch.testing.assert_close(made, ours.encode_pictures(pictures), rtol=0, atol=1e-6)
    for made in (again.encode_texts(words), texts):
        torch.testing.assert_close(made, ours.encode_texts(words), rtol=0, atol=1e-6)
    assert not list(tmp_path.glob(".*writing*"))


def test_the_activation_of_a_tag_is_written(tmp_path, monkeypatch):
    """A tag may set QuickGELU under a plain name: the weights that were downloaded say so, the name does not."""
    import open_clip.pretrained as published

    folder = _folder(tmp_path, CHANGES["quick_gelu"])
    (tmp_path / "Small.json").write_text(json.dumps(SMALL))
    open_clip.add_model_config(tmp_path / "Small.json")
    tag = {"url": "", "hf_hub": "", "quick_gelu": True, "mean": (0.5,) * 3, "std": (0.5,) * 3}
    monkeypatch.setitem(published._PRETRAINED, "Small", {"openai": tag})
    monkeypatch.setattr(
        "open_clip.factory.download_pretrained", lambda *a, **k: str(folder / "weights.safetensors")
    )
    encoder = sde.load_encoder("Small/openai")
    x = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(encoder.encode_images(x), sde.load_encoder(folder).encode_images(x))
    written = write_open_clip(encoder.model, encoder, tmp_path / "out")
    config = json.loads((written / "open_clip_config.json").read_text())
    assert config["model_cfg"]["quick_gelu"] is True
    assert config["preprocess_cfg"]["mean"] == [0.5] * 3
    torch.testing.assert_close(
        sde.load_encoder(written).encode_images(x), encoder.encode_images(x), rtol=0, atol=0
    )


def test_a_siglip_takes_its_tokenizer_along(siglip_folder, tmp_path):
    start = sde.load_encoder(siglip_folder)
    folder = write_open_clip(start.model, start, tmp_path / "out")
    assert torch.equal(sde.load_encoder(folder).encode_texts(["a cat"]), start.encode_texts(["a cat"]))


def test_a_text_tower_beside_the_encoder_goes_along(tmp_path):
    from transformers import BertConfig

    tower = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=40
    )

    def change(config):
        config["text_cfg"] = {"hf_model_name": "tower", "hf_proj_type": "mlp", "hf_pooler_type": "mean_pooler",
                              "hf_tokenizer_name": "tower", "context_length": 16}  # fmt: skip
        tower.save_pretrained(tmp_path / "start" / "tower")
        word_tokenizer().save_pretrained(str(tmp_path / "start"))

    folder = _folder(tmp_path, change)
    start = sde.load_encoder(folder)
    written = write_open_clip(start.model, start, tmp_path / "out")
    shutil.rmtree(folder)
    assert sde.load_encoder(written).encode_texts(["a red dog"]).shape == (1, 32)


def test_a_folder_that_opens_as_something_else_is_not_written(tmp_path, monkeypatch):
    from sde_core.training import open_clip_files

    start = sde.load_encoder(_folder(tmp_path, CHANGES["quick_gelu"]))
    honest = open_clip_files.architecture
    for change, match in (
        ({"quick_gelu": False}, "vectors of .* differ by"),
        ({"init_logit_bias": -10.0}, "logit_bias"),
    ):
        monkeypatch.setattr(open_clip_files, "architecture", lambda e, change=change: honest(e) | change)
        with pytest.raises(EncoderError, match=f"does not open as the same encoder: {match}"):
            write_open_clip(start.model, start, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".*writing*"))
    monkeypatch.setattr(open_clip_files, "architecture", honest)
    monkeypatch.setattr(open_clip_files, "_preprocessing", lambda e: {"mean": [0.1] * 3})
    with pytest.raises(EncoderError, match="pictures are prepared by"):
        write_open_clip(start.model, start, tmp_path / "out")


def test_a_model_of_transformers_is_not_trained_as_one_of_open_clip(clip_folder, shape_shard):
    with pytest.raises(EncoderError, match=r"no model of open_clip.*train an adapter"):
        sde.finetune(
            sde.open_pairs(shape_shard),
            sde.FinetuneConfig(train="full"),
            encoder=sde.load_encoder(clip_folder),
        )
