import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import sde_core as sde
from sde_core import hub
from sde_core.errors import ConfigError, EncoderError


def test_a_local_folder_loads_with_its_own_preprocessing(tiny_encoder_folder):
    encoder = sde.load_encoder(tiny_encoder_folder, device="cpu")
    images = encoder.encode_images(torch.zeros(3, 3, 32, 32))
    texts = encoder.encode_texts(["a cat", "a dog"])
    assert (images.shape, texts.shape) == ((3, 16), (2, 16))
    torch.testing.assert_close(texts.norm(dim=1), torch.ones(2))
    assert "mean=(0.5, 0.5, 0.5)" in encoder.preprocessing.replace("[", "(").replace("]", ")")
    assert sde.load_encoder(encoder.name).weights_sha256 == encoder.weights_sha256


def test_the_weights_hash_follows_one_changed_number(tiny_encoder_folder, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(tiny_encoder_folder, folder)
    weights = load_file(folder / "open_clip_model.safetensors")
    weights["logit_scale"] += 1e-3
    save_file(weights, folder / "open_clip_model.safetensors")
    assert sde.load_encoder(folder).weights_sha256 != sde.load_encoder(tiny_encoder_folder).weights_sha256


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A real architecture with random weights, saved in both formats."""
    import open_clip

    folder = tmp_path_factory.mktemp("checkpoints")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = open_clip.create_model("RN50-quickgelu").state_dict()
    save_file(weights, folder / "rn50.safetensors")
    torch.save(weights, folder / "rn50.pt")
    return folder


@pytest.mark.parametrize("name", ["rn50.safetensors", "rn50.pt"])
def test_a_checkpoint_of_a_published_architecture_loads(checkpoints, name):
    encoder = sde.load_encoder("RN50-quickgelu", pretrained=checkpoints / name)
    assert encoder.encode_texts(["x"]).shape == (1, 1024)
    assert encoder.name == f"RN50-quickgelu/{checkpoints / name}"
    if name.endswith("safetensors"):
        assert sde.load_encoder(encoder.name).weights_sha256 == encoder.weights_sha256


def test_a_checkpoint_of_another_architecture_is_explained(checkpoints):
    with pytest.raises(EncoderError, match="checkpoint of another architecture"):
        sde.load_encoder("ViT-S-32", pretrained=checkpoints / "rn50.safetensors")


def test_a_damaged_checkpoint_is_named(tmp_path):
    for name in ("bad.safetensors", "bad.pt"):
        (tmp_path / name).write_bytes(b"\x10\0\0\0\0\0\0\0 not weights")
        with pytest.raises(EncoderError, match=name.replace(".", r"\.")):
            sde.load_encoder("ViT-S-32", pretrained=tmp_path / name)


def test_a_pickle_that_runs_code_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.pt")
    with pytest.raises(EncoderError):
        sde.load_encoder("ViT-S-32", pretrained=tmp_path / "bomb.pt")
    assert not (tmp_path / "ran").exists()


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


@pytest.mark.parametrize("name", ["ViT-B-32/laion2b_s34b_b79k", "hf-hub:someone/something"])
def test_an_unreachable_hub_says_so_and_offers_what_is_local(monkeypatch, tmp_path, name):
    from huggingface_hub import constants

    # A port of this machine where nothing listens: refused at once, and no cache to fall back on.
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=r"hub cannot be reached; without it, use bundled, a local folder"):
        sde.load_encoder(name)
    assert constants.HF_HUB_OFFLINE is False or constants.is_offline_mode() == constants.HF_HUB_OFFLINE


def test_device_and_precision_are_checked(tiny_encoder_folder):
    with pytest.raises(ConfigError, match="precision must be"):
        sde.load_encoder(tiny_encoder_folder, precision="int3")
    with pytest.raises(ConfigError, match="device must be"):
        sde.load_encoder(tiny_encoder_folder, device="toaster")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="no CUDA"):
            sde.load_encoder(tiny_encoder_folder, device="cuda")


def test_half_precision_stays_close(tiny_encoder_folder):
    full = sde.load_encoder(tiny_encoder_folder)
    half = sde.load_encoder(tiny_encoder_folder, precision="bf16")
    # bfloat16 keeps 8 bits: a relative error of 2^-8 an operation, a few operations deep.
    torch.testing.assert_close(half.encode_texts(["a"]), full.encode_texts(["a"]), atol=0.03, rtol=0)


@pytest.mark.gpu
def test_gpu_and_cpu_agree(tiny_encoder_folder):
    cpu, gpu = (sde.load_encoder(tiny_encoder_folder, device=d) for d in ("cpu", "cuda"))
    # TF32 is off by default; float32 matrix products of depth 128 differ by a few ulp.
    torch.testing.assert_close(gpu.encode_texts(["a"]).cpu(), cpu.encode_texts(["a"]), atol=1e-5, rtol=1e-4)
