"""An encoder that cannot be loaded: one sentence that says why and what to do."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from sde_core.errors import EncoderError


def test_a_tokenizer_that_cannot_pad_is_refused_when_it_is_loaded(siglip_folder, tmp_path):
    folder = shutil.copytree(siglip_folder, tmp_path / "siglip")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "pad_token": None}))
    with pytest.raises(sde.EncoderError, match=r"no padding token: name one as pad_token"):
        sde.load_encoder(folder)


def test_a_siglip_without_its_tokenizer_says_which_files_are_missing(siglip_folder, tmp_path):
    folder = tmp_path / "siglip"
    shutil.copytree(siglip_folder, folder)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(
        EncoderError, match=r"must hold the files of its tokenizer timm/ViT-B-16-SigLIP .*tokenizer\.json"
    ):
        sde.load_encoder(folder)


@pytest.mark.parametrize(
    ("write", "match"),
    [
        (
            lambda path: torch.jit.script(torch.nn.Linear(2, 2)).save(str(path)),
            "TorchScript archive.*state_dict",
        ),
        (lambda path: torch.save({"a": {1, 2}, "b": Path("x")}, path), "Python objects besides tensors"),
        (lambda path: torch.save({}, path), "holds no tensors"),
        (
            lambda path: torch.save({"vision_model.x": torch.ones(1)}, path),
            "layout of the transformers library",
        ),
        (lambda path: torch.save([1, 2], path), "holds no tensors by name"),
        (lambda path: path.write_bytes(b"PK\3\4 cut"), "damaged"),
    ],
)
def test_what_is_no_checkpoint_is_told_apart(tiny_names, tmp_path, write, match):
    write(tmp_path / "w.pt")
    with pytest.raises(EncoderError, match=match) as caught:
        sde.load_encoder("tiny-clip", pretrained=tmp_path / "w.pt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"adapter_config.json": {"peft_type": "LORA"}}, r"adapter \(PEFT\) without its model: merge"),
        ({"config.json": {"model_type": "clip"}}, r"must hold preprocessor_config.json beside its model"),
        ({"config.json": {"model_type": "blip"}}, "of the kind 'blip': wrap another one"),
    ],
)
def test_folders_of_others_are_told_apart(tmp_path, files, match):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(EncoderError, match=match) as caught:
        sde.load_encoder(tmp_path)
    assert "huggingface.co" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.onnx", "model.gguf", "tf_model.h5", "flax_model.msgpack"])
def test_an_export_is_no_checkpoint(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x08\x07")
    with pytest.raises(
        EncoderError, match=r"must be a checkpoint of PyTorch.*name what it was exported from"
    ):
        sde.load_encoder(tmp_path / name)


def test_a_damaged_checkpoint_is_named(tmp_path):
    for name in ("bad.safetensors", "bad.pt"):
        (tmp_path / name).write_bytes(b"\x10\0\0\0\0\0\0\0 not weights")
        with pytest.raises(EncoderError, match=name.replace(".", r"\.")):
            sde.load_encoder("ViT-S-32", pretrained=tmp_path / name)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("ViT-B-23/openai", "closest: ViT-B-32"),
        ("ViT-B-32", "needs weights: add a pretrained tag"),
        ("ViT-B-32/laion2b_s34b", "closest: laion2b_s34b_b79k"),
        ("ViT-B-32/nowhere.pt", r"there is no file nowhere\.pt"),
        ("no such model at all", "must be"),
    ],
)
def test_unknown_names_offer_the_closest(name, match):
    with pytest.raises(EncoderError, match=match):
        sde.load_encoder(name)


def test_a_folder_without_config_and_a_bare_file_say_what_is_missing(tmp_path):
    with pytest.raises(EncoderError, match="config is missing"):
        sde.load_encoder(tmp_path)
    (tmp_path / "w.safetensors").write_bytes(b"x")
    with pytest.raises(EncoderError, match="checkpoint without an architecture"):
        sde.load_encoder(tmp_path / "w.safetensors")
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": {}}))
    with pytest.raises(EncoderError):
        sde.load_encoder(tmp_path)


@pytest.mark.parametrize(
    "name", ["ViT-B-32/laion2b_s34b_b79k", "ViT-B-16-SigLIP/webli", "hf-hub:someone/something"]
)
def test_an_unreachable_hub_says_so_and_offers_what_is_local(no_hub, name):
    with pytest.raises(EncoderError, match=r"hub cannot be reached; without it, use bundled, a local folder"):
        sde.load_encoder(name)
    assert no_hub.HF_HUB_OFFLINE is False or no_hub.is_offline_mode() == no_hub.HF_HUB_OFFLINE


def test_a_local_checkpoint_whose_tokenizer_is_on_the_hub_says_so(no_hub, tmp_path):
    save_file({"logit_scale": torch.ones(())}, tmp_path / "w.safetensors")
    with pytest.raises(
        EncoderError, match=r"the tokenizer of .*timm/ViT-B-16-SigLIP, is not on this machine.*one folder"
    ):
        sde.load_encoder("ViT-B-16-SigLIP", pretrained=tmp_path / "w.safetensors")


def test_a_text_tower_of_the_hub_says_so(no_hub, siglip_folder, tmp_path):
    folder = tmp_path / "tower"
    shutil.copytree(siglip_folder, folder)
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"] |= {"hf_model_name": "someone/tower", "hf_proj_type": "mlp"}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match=r"text tower of .*, someone/tower, is not on this machine"):
        sde.load_encoder(folder)


@pytest.mark.parametrize("name", ["bundled", "FOLDER", "hf-hub:a/b"])
def test_weights_beside_a_name_that_has_its_own_are_refused(tiny_encoder_folder, name):
    with pytest.raises(EncoderError, match="brings its own weights; leave pretrained out"):
        sde.load_encoder(str(tiny_encoder_folder) if name == "FOLDER" else name, pretrained="x.pt")
