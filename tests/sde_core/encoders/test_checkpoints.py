"""Checkpoints as usual trainers leave them, and what stands beside them."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import sde_core as sde
from sde_core.errors import EncoderError


def _prefixed(prefix):
    return lambda state: {prefix + name: value for name, value in state.items()}


def _tower_compiled(state):
    return {name.replace("visual.", "visual._orig_mod."): value for name, value in state.items()}


def _with(**more):
    return lambda state: {"epoch": 3, "state_dict": state, **more}


WRITERS = {
    "bare": lambda state: state,
    "DistributedDataParallel": _prefixed("module."),
    "compile": _prefixed("_orig_mod."),
    "compile in DistributedDataParallel": _prefixed("module._orig_mod."),
    "DistributedDataParallel in compile": _prefixed("_orig_mod.module."),
    "one tower compiled": _tower_compiled,
    "Lightning": lambda state: {"state_dict": _prefixed("model.")(state), "pytorch-lightning_version": "2.6.0"},
    "another attribute": _prefixed("net.clip_model."),
    "FSDP": _prefixed("_fsdp_wrapped_module."),
    "open_clip": _with(name="run", optimizer={"state": {}}),
    "model": lambda state: {"model": state, "optimizer": {}, "step": torch.tensor(3)},
    "model_state_dict": lambda state: {"model_state_dict": state, "loss": 0.1},
    "DeepSpeed": lambda state: {"module": state, "global_steps": 7},
    "nested twice": lambda state: {"model": {"state_dict": _prefixed("module.")(state)}},
    "timm's average alone": lambda state: {"state_dict_ema": state},
    "EMA": lambda state: {"ema_model": 1, "model_ema": _prefixed("module.")(state)},
    "AveragedModel": lambda state: {"n_averaged": torch.tensor(5), **_prefixed("module.")(state)},
    "half precision": lambda state: {k: v.half().float() if v.is_floating_point() else v for k, v in state.items()},
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".pt", ".ckpt"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_checkpoint_loads_whoever_wrote_it(
    tiny_names, tiny_weights, tiny_encoder_folder, tmp_path, writer, suffix
):
    path = tmp_path / f"epoch_3{suffix}"
    torch.save(WRITERS[writer](dict(tiny_weights)), path)
    made, own = sde.load_encoder("tiny-clip", pretrained=path), sde.load_encoder(tiny_encoder_folder)
    atol = 1e-2 if writer == "half precision" else 0
    torch.testing.assert_close(made.encode_texts(["a cat"]), own.encode_texts(["a cat"]), rtol=0, atol=atol)
    torch.testing.assert_close(
        made.encode_images(torch.ones(1, 3, 32, 32)),
        own.encode_images(torch.ones(1, 3, 32, 32)),
        rtol=0,
        atol=atol,
    )


def test_of_weights_and_their_average_the_weights_are_read_and_it_is_said(tiny_names, tiny_weights, tmp_path):
    other = {name: value + 1 for name, value in tiny_weights.items()}
    torch.save({"state_dict": tiny_weights, "state_dict_ema": other}, tmp_path / "w.pt")
    found = sde.load_encoder("tiny-clip", pretrained=tmp_path / "w.pt")
    torch.testing.assert_close(found.model.logit_scale.detach(), tiny_weights["logit_scale"])
    assert any("averaged weights (state_dict_ema), which are not read" in remark for remark in found.remarks)
    both = {f"online_model.{k}": v for k, v in tiny_weights.items()} | {
        f"ema_model.{k}": v for k, v in other.items()
    }
    torch.save(both, tmp_path / "both.pt")
    found = sde.load_encoder("tiny-clip", pretrained=tmp_path / "both.pt")
    torch.testing.assert_close(found.model.logit_scale.detach(), tiny_weights["logit_scale"])
    assert any("no part of the model and are not read: ema_model." in remark for remark in found.remarks)


@pytest.mark.parametrize("custom", [False, True])
@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_siglips_offset_is_loaded(tiny_names, tiny_weights, tiny_encoder_folder, tmp_path, custom, shape):
    import open_clip

    state = {**tiny_weights, "logit_bias": torch.full(shape, -7.5)}
    if custom:
        state = open_clip.model.convert_to_custom_text_state_dict(state)
    torch.save({"state_dict": state}, tmp_path / "siglip.pt")
    made, own = (
        sde.load_encoder("tiny-clip", pretrained=tmp_path / "siglip.pt"),
        sde.load_encoder(tiny_encoder_folder),
    )
    assert made.model.logit_bias.item() == -7.5
    assert type(made.model).__name__ == ("CustomTextCLIP" if custom else "CLIP")
    torch.testing.assert_close(made.encode_texts(["a cat"]), own.encode_texts(["a cat"]), rtol=0, atol=0)


def test_resized_positions_are_said(tiny_names, tiny_weights, tmp_path):
    state = dict(tiny_weights)
    state["positional_embedding"] = torch.randn(40, 32)
    state["visual.positional_embedding"] = torch.randn(1 + 16, 32)
    torch.save(state, tmp_path / "w.pt")
    remarks = sde.load_encoder("tiny-clip", pretrained=tmp_path / "w.pt").remarks
    assert any("captions were resized from 40 to 16" in remark for remark in remarks)
    assert any("pictures were resized from 17 to 5" in remark for remark in remarks)


@pytest.fixture
def arch(tiny_encoder_folder, tmp_path):
    """The json of an architecture that nobody has registered, as open_clip's model_configs have it."""
    path = tmp_path / "arch.json"
    config = json.loads((tiny_encoder_folder / "open_clip_config.json").read_text())
    path.write_text(json.dumps(config["model_cfg"]))
    return path


def test_an_architectures_json_loads_a_checkpoint(arch, tiny_weights, tiny_encoder_folder, tmp_path):
    torch.save({"state_dict": tiny_weights}, tmp_path / "epoch_2.pt")
    made = sde.load_encoder(arch, pretrained=tmp_path / "epoch_2.pt")
    own = sde.load_encoder(tiny_encoder_folder)
    assert made.weights_sha256 == own.weights_sha256 == sde.load_encoder(made.name).weights_sha256
    with pytest.raises(
        EncoderError, match=r"architecture without weights; pass the checkpoint as pretrained"
    ):
        sde.load_encoder(arch)
    with pytest.raises(EncoderError, match=r"no file nowhere\.pt"):
        sde.load_encoder(arch, pretrained="nowhere.pt")


@pytest.mark.parametrize("text", ["[]", "{", '{"embed_dim": 3}', '{"model_cfg": 3}'])
def test_a_json_that_is_no_architecture_is_refused(tiny_weights, tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    torch.save(tiny_weights, tmp_path / "w.pt")
    with pytest.raises(EncoderError, match="must"):
        sde.load_encoder(tmp_path / "a.json", pretrained=tmp_path / "w.pt")


def test_mean_and_std_beside_a_checkpoint_are_read(
    tiny_names, arch, tiny_weights, tiny_encoder_folder, tmp_path
):
    place = tmp_path / "run"
    place.mkdir()
    save_file(tiny_weights, place / "w.safetensors")
    config = json.loads((tiny_encoder_folder / "open_clip_config.json").read_text())
    (place / "open_clip_config.json").write_text(json.dumps(config))
    own = sde.load_encoder(tiny_encoder_folder)
    for name in ("tiny-clip", arch):
        made = sde.load_encoder(name, pretrained=place / "w.safetensors")
        assert made.preprocessing == own.preprocessing
        assert any("how pictures are prepared was read from" in remark for remark in made.remarks)
    assert sde.load_encoder(place / "w.safetensors").preprocessing == own.preprocessing


def test_what_open_clips_training_wrote_beside_a_checkpoint_is_read(tiny_names, tiny_weights, tmp_path):
    log = tmp_path / "logs" / "run"
    (log / "checkpoints").mkdir(parents=True)
    path = log / "checkpoints" / "epoch_2.pt"
    torch.save({"state_dict": {f"module.{k}": v for k, v in tiny_weights.items()}}, path)
    (log / "params.txt").write_text(
        "batch_size: 64\nforce_quick_gelu: True\nimage_mean: [0.1, 0.2, 0.3]\nimage_resize_mode: squash\n"
        "image_std: (0.5, 0.5, 0.5)\nmodel: tiny-clip\nname: run\nsiglip: False\n"
    )
    for found in (sde.load_encoder(path), sde.load_encoder("tiny-clip", pretrained=path)):
        assert found.origin.architecture["quick_gelu"] is True
        assert "mean=[0.1, 0.2, 0.3]" in found.preprocessing
        assert "Resize(size=(32, 32)" in found.preprocessing
        assert not any("twin" in remark for remark in found.remarks)


@pytest.mark.parametrize("mean", ["[1, 2]", "[1, 2, 'x']", "[nan]", "x"])
def test_a_mean_that_is_none_is_refused(tiny_names, tiny_weights, tmp_path, mean):
    torch.save(tiny_weights, tmp_path / "w.pt")
    (tmp_path / "params.txt").write_text(f"model: tiny-clip\nimage_mean: {mean}\n")
    with pytest.raises(EncoderError, match=r"mean of .* must be three numbers"):
        sde.load_encoder(tmp_path / "w.pt")


@pytest.fixture
def twins(tmp_path, tiny_names, monkeypatch):
    """Two architectures that differ in nothing but the activation, and a tag with another preprocessing."""
    import open_clip
    import open_clip.pretrained as published

    config = open_clip.get_model_config("tiny-clip")
    for name, more in (("twin-a", {}), ("twin-a-quickgelu", {"quick_gelu": True})):
        (tmp_path / f"{name}.json").write_text(
            json.dumps(config | {"embed_dim": 16, "init_logit_scale": 2.0} | more)
        )
        open_clip.add_model_config(tmp_path / f"{name}.json")
    tag = {"url": "", "hf_hub": "", "mean": (0.5,) * 3, "std": (0.5,) * 3, "resize_mode": "squash"}
    monkeypatch.setitem(published._PRETRAINED, "twin-a", {"web": tag})
    yield "twin-a", "twin-a-quickgelu"
    for name in ("twin-a", "twin-a-quickgelu"):
        open_clip.factory._MODEL_CONFIGS.pop(name)
        open_clip.factory._MODEL_CONFIG_PATHS.remove(tmp_path / f"{name}.json")


def test_a_twin_is_named(twins, tiny_weights, tmp_path):
    plain, quick = twins
    torch.save(tiny_weights, tmp_path / "ft.pt")
    remarks = sde.load_encoder(plain, pretrained=tmp_path / "ft.pt").remarks
    assert any(f"computes with GELU, its twin {quick} with QuickGELU" in remark for remark in remarks)
    assert any("twin-a/web was trained with mean (0.5, 0.5, 0.5)" in remark for remark in remarks)
    remarks = sde.load_encoder(quick, pretrained=tmp_path / "ft.pt").remarks
    assert any(f"computes with QuickGELU, its twin {plain} with GELU" in remark for remark in remarks)


def test_published_twins_are_known():
    from sde_core.encoders.settings import Settings
    from sde_core.encoders.twins import twin_remarks

    def remarks(name):
        import open_clip

        return " ".join(
            twin_remarks(name, Settings(architecture=open_clip.get_model_config(name)), said=False)
        )

    assert "twin ViT-B-32-quickgelu with QuickGELU" in remarks("ViT-B-32")
    assert "ViT-L-14/laion2b_s32b_b82k was trained with mean (0.5, 0.5, 0.5)" in remarks("ViT-L-14")
    assert "resize_mode squash" in remarks("ViT-B-16-SigLIP")
    assert remarks("ViT-B-32-256") == ""


@pytest.mark.parametrize("where", ["model", "snapshot", "cache"])
def test_a_model_in_the_hubs_cache_loads(tiny_encoder_folder, tmp_path, where):
    model = tmp_path / "hub" / "models--someone--tiny"
    snapshot = model / "snapshots" / "abc"
    (model / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text("abc")
    (model / "snapshots" / "old").mkdir()
    for number, path in enumerate(
        Path(tiny_encoder_folder).iterdir()
    ):  # files are links to blobs, as the client has it
        blob = model / "blobs" / str(number)
        blob.write_bytes(path.read_bytes())
        (snapshot / path.name).symlink_to(blob)
    place = {"model": model, "snapshot": snapshot, "cache": tmp_path / "hub"}[where]
    assert sde.load_encoder(place).weights_sha256 == sde.load_encoder(tiny_encoder_folder).weights_sha256
    (tmp_path / "hub" / "models--someone--other").mkdir()
    if where == "cache":
        with pytest.raises(EncoderError, match="a cache of 2 models: name one of models--someone--other"):
            sde.load_encoder(place)


def test_a_hubs_cache_whose_main_is_no_text_has_the_one_version_that_is_there(tiny_encoder_folder, tmp_path):
    model = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_encoder_folder, model / "snapshots" / "abc")
    (model / "refs").mkdir()
    (model / "refs" / "main").write_bytes(b"\x80")
    assert sde.load_encoder(model).weights_sha256 == sde.load_encoder(tiny_encoder_folder).weights_sha256
