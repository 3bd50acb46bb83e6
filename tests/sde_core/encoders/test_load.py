import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import sde_core as sde
from sde_core.encoders import default_batch_size, memory
from sde_core.errors import ConfigError, EncoderError


def _grey():
    return Image.new("RGB", (50, 30), "grey")


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
def published(tmp_path_factory):
    """A published architecture in full size with random weights."""
    import open_clip

    path = tmp_path_factory.mktemp("published") / "weights.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(open_clip.create_model("ViT-B-32").state_dict(), path)
    return path


def test_a_checkpoint_of_a_published_architecture_loads(published):
    encoder = sde.load_encoder("ViT-B-32", pretrained=published)
    assert encoder.encode_texts(["x"]).shape == (1, 512)
    assert encoder.encode_images(encoder.preprocess(_grey())[None]).shape == (1, 512)
    assert encoder.name == f"ViT-B-32/{published}"
    assert "Resize(size=224" in encoder.preprocessing
    assert default_batch_size(encoder) == 64


def test_the_architecture_that_fits_is_named(published):
    match = (
        r"another architecture \(.*\); its shapes are those of ViT-B-32 or ViT-B-32-quickgelu or ViT-B-32-256"
    )
    with pytest.raises(EncoderError, match=match):
        sde.load_encoder("ViT-S-32", pretrained=published)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("name", ["epoch_1.pt", "weights.safetensors", "bare.pth"])
def test_every_way_to_write_a_checkpoint_gives_the_same_encoder(
    tiny_names, tiny_weights, tiny_encoder_folder, tmp_path, name, prefix
):
    path = tmp_path / name
    state = {prefix + key: value.clone() for key, value in tiny_weights.items()}
    match path.suffix:
        case ".safetensors":
            save_file(state, path)
        case ".pt":  # what open_clip's training writes
            model = torch.nn.Linear(2, 2)
            adam = torch.optim.AdamW(model.parameters())
            model(torch.ones(2)).sum().backward()
            adam.step()
            torch.save({"epoch": 1, "name": "run", "state_dict": state, "optimizer": adam.state_dict()}, path)
        case _:
            torch.save(state, path)
    made = sde.load_encoder("tiny-clip", pretrained=path)
    own = sde.load_encoder(tiny_encoder_folder)
    assert made.weights_sha256 == own.weights_sha256
    torch.testing.assert_close(made.encode_texts(["a cat"]), own.encode_texts(["a cat"]), rtol=0, atol=0)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_a_checkpoint_of_a_custom_text_clip_loads_by_the_name_of_the_plain_one(
    tiny_names, tiny_weights, tmp_path, suffix
):
    import open_clip

    model = open_clip.create_model("tiny-clip", force_custom_text=True)
    model.load_state_dict(open_clip.model.convert_to_custom_text_state_dict(dict(tiny_weights)))
    assert type(model).__name__ == "CustomTextCLIP"
    path = tmp_path / f"custom{suffix}"
    if suffix == ".pt":
        torch.save({"state_dict": model.state_dict()}, path)
    else:
        save_file(model.state_dict(), path)
    encoder = sde.load_encoder("tiny-clip", pretrained=path)
    assert type(encoder.model).__name__ == "CustomTextCLIP"
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(
            model.eval().encode_text(encoder.tokenizer(["a cat"])), dim=-1
        )
    torch.testing.assert_close(encoder.encode_texts(["a cat"]), expected, rtol=0, atol=0)


def test_another_small_architecture_is_found_by_its_shapes(tiny_names, tiny_weights, tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(tiny_weights, path)
    with pytest.raises(EncoderError, match=r"its shapes are those of tiny-clip$"):
        sde.load_encoder("tiny-wide", pretrained=path)
    cut = {key: value for key, value in tiny_weights.items() if "resblocks" not in key}
    save_file(cut, path)
    with pytest.raises(EncoderError, match="no architecture of open_clip has these shapes: give a folder"):
        sde.load_encoder("tiny-clip", pretrained=path)


def test_a_siglip_loads_from_a_folder_with_its_own_tokenizer(siglip_folder):
    encoder = sde.load_encoder(siglip_folder)
    assert encoder.tokenizer(["a red dog"])[0, :4].tolist() == [2, 5, 4, 0]
    assert encoder.encode_texts(["a cat", "a red dog"]).shape == (2, 64)
    assert encoder.encode_images(encoder.preprocess(_grey())[None]).shape == (1, 64)
    assert "Resize(size=(160, 160)" in encoder.preprocessing  # squashed, not cropped


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


def test_a_folder_with_weights_that_open_clip_does_not_look_for_is_read_where_they_are_one(
    tiny_encoder_folder, tiny_weights, tmp_path
):
    shutil.copy(tiny_encoder_folder / "open_clip_config.json", tmp_path)
    with pytest.raises(EncoderError, match=r"there are none$"):
        sde.load_encoder(tmp_path)
    torch.save({"state_dict": tiny_weights}, tmp_path / "epoch_3.pt")
    own = sde.load_encoder(tiny_encoder_folder)
    assert sde.load_encoder(tmp_path).weights_sha256 == own.weights_sha256
    torch.save({"state_dict": tiny_weights}, tmp_path / "epoch_4.pt")
    with pytest.raises(
        EncoderError, match=r"holds 2 checkpoints \(epoch_3.pt, epoch_4.pt\): say which"
    ) as told:
        sde.load_encoder(tmp_path)
    assert "epoch_4.pt" in str(told.value)
    chosen = sde.load_encoder(tmp_path / "open_clip_config.json", pretrained=tmp_path / "epoch_4.pt")
    assert sde.load_encoder(chosen.name).weights_sha256 == own.weights_sha256


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


def test_the_hash_is_that_of_the_checkpoint_whatever_the_precision(tiny_encoder_folder):
    digests = {
        sde.load_encoder(tiny_encoder_folder, precision=p).weights_sha256
        for p in ("auto", "fp32", "fp16", "bf16")
    }
    assert len(digests) == 1


def test_precision_and_batch_follow_the_free_memory(tiny_encoder_folder, monkeypatch):
    size = sum(4 * p.numel() for p in sde.load_encoder(tiny_encoder_folder).model.parameters())
    for free, precision in ((100 * size, "fp32"), (size // 2, "bf16")):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        encoder = sde.load_encoder(tiny_encoder_folder)
        assert encoder.precision == precision
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10 * 16 * memory.picture_bytes(encoder))
    assert default_batch_size(encoder) == 8  # 10 fit
    monkeypatch.setattr(memory, "free_bytes", lambda device: 0)
    assert default_batch_size(encoder) == 1


def test_the_widest_layer_of_a_picture_is_measured(tiny_encoder_folder):
    encoder = sde.load_encoder(tiny_encoder_folder)
    # The convolution: (3, 32, 32) in, (32, 2, 2) out, 4 bytes each.
    assert memory.picture_bytes(encoder) == 4 * (3 * 32 * 32 + 32 * 2 * 2)


def test_activation_and_preprocessing_are_those_of_the_tag():
    from sde_core.encoders.opened import _settings
    from sde_core.encoders.resolve import resolve

    plain = _settings(resolve("ViT-B-16/openai", None))[0]
    assert plain.architecture["quick_gelu"] is True  # the plain name has the other activation
    other = _settings(resolve("ViT-L-14/laion2b_s32b_b82k", None))[0]
    assert not other.architecture.get("quick_gelu", False)
    assert tuple(other.preprocessing["mean"]) == (0.5, 0.5, 0.5)


@pytest.mark.gpu
def test_gpu_and_cpu_agree(tiny_encoder_folder):
    cpu, gpu = (sde.load_encoder(tiny_encoder_folder, device=d) for d in ("cpu", "cuda"))
    # TF32 is off by default; float32 matrix products of depth 128 differ by a few ulp.
    torch.testing.assert_close(gpu.encode_texts(["a"]).cpu(), cpu.encode_texts(["a"]), atol=1e-5, rtol=1e-4)


def test_an_encoder_says_how_much_of_a_caption_it_reads(tiny_encoder_folder):
    encoder = sde.load_encoder(tiny_encoder_folder)
    for whole in ("a red heart", "", "red " * 14):  # 16 tokens, two of them for start and end
        assert encoder.characters_read(whole.strip()) == len(whole.strip())
    long = "red " * 40
    read = encoder.characters_read(long)
    assert read == len(("red " * 14).strip())
    torch.testing.assert_close(encoder.encode_texts([long]), encoder.encode_texts([long[:read]]))


NOTEBOOK = """
import sys, types
sys.modules["ipykernel.zmqshell"] = types.ModuleType("ipykernel.zmqshell")
sys.modules["ipywidgets"] = None
sys.modules["IPython"] = types.ModuleType("IPython")
sys.modules["IPython"].get_ipython = lambda: types.SimpleNamespace(config={"IPKernelApp": 1})
if PLAIN:
    import tqdm.auto
else:
    import sde_core
    sde_core.load_encoder(FOLDER)
"""


@pytest.mark.parametrize("plain", [True, False])
def test_a_notebook_is_not_warned_of_its_bars(tiny_encoder_folder, plain):
    """As in a kernel without ipywidgets, where tqdm's first import warns."""
    import subprocess
    import sys

    code = NOTEBOOK.replace("PLAIN", str(plain)).replace("FOLDER", repr(str(tiny_encoder_folder)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ("IProgress not found" in done.stderr) is plain
