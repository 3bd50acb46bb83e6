"""No code of an encoder's folder, hub repository or checkpoint is run, whatever its files ask for."""

import copy
import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

import sde_core as sde
from sde_core.errors import EncoderError
from sde_core.files import hub

CODE = """
open({ran!r}, "w").write("ran")
from transformers import {base}, PretrainedConfig, PreTrainedModel


class Evil({base}):
    model_type = "evil"


class EvilConfig(PretrainedConfig):
    model_type = "evil"
"""


@pytest.fixture
def ran(tmp_path):
    return tmp_path / "ran"


@pytest.fixture(autouse=True)
def nobody_runs_code(ran, monkeypatch, tmp_path):
    """Fail if the file is written; answer yes to whoever asks for trust, and keep modules apart."""
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    before = set(sys.modules)
    yield
    assert not ran.exists(), "code of the encoder was run"
    assert not [name for name in set(sys.modules) - before if "evil" in name]


def _write_code(folder: Path, ran: Path) -> None:
    for name, base in (("evil_tok", "PreTrainedTokenizerFast"), ("evil_model", "PreTrainedModel")):
        (folder / f"{name}.py").write_text(CODE.format(ran=str(ran), base=base))
    (folder / "evil_image.py").write_text(CODE.format(ran=str(ran), base="CLIPImageProcessor"))


def _change(path: Path, **settings: object) -> None:
    content = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(content | settings))


@pytest.fixture
def hostile(siglip_folder, tmp_path, ran):
    """Return a folder that works, with code beside it, and a function that changes its ``text_cfg``."""
    folder = tmp_path / "hostile"
    shutil.copytree(siglip_folder, folder)
    _write_code(folder, ran)
    path = folder / "open_clip_config.json"

    def change(part: str = "text_cfg", **settings: object) -> Path:
        content = json.loads(path.read_text())
        place = content["model_cfg"][part] if part in content["model_cfg"] else content[part]
        place |= settings
        path.write_text(json.dumps(content))
        return folder

    return change


AUTO_MAP = {
    "AutoTokenizer": ["evil_tok.Evil", "evil_tok.Evil"],
    "AutoConfig": "evil_model.EvilConfig",
    "AutoModel": "evil_model.Evil",
    "AutoImageProcessor": "evil_image.Evil",
    "AutoProcessor": "evil_image.Evil",
}


def test_code_that_a_tokenizer_names_is_ignored(hostile, siglip_folder):
    folder = hostile()
    _change(folder / "tokenizer_config.json", auto_map=AUTO_MAP)
    _change(folder / "config.json", auto_map=AUTO_MAP, model_type="bert")
    own, plain = sde.load_encoder(folder), sde.load_encoder(siglip_folder)
    assert torch.equal(own.tokenizer(["a red dog"]), plain.tokenizer(["a red dog"]))


@pytest.mark.parametrize("place", ["tokenizer_kwargs", "text_cfg", "tokenizer_config.json", "config.json"])
def test_trust_in_code_is_refused_by_a_sentence(hostile, place):
    folder = hostile()
    _change(folder / "tokenizer_config.json", auto_map=AUTO_MAP)
    match place:
        case "tokenizer_kwargs":
            hostile(hf_tokenizer_name=str(folder), tokenizer_kwargs={"trust_remote_code": True})
        case "text_cfg":
            hostile(trust_remote_code=True)
        case name:
            _change(folder / name, trust_remote_code=True)
    with pytest.raises(EncoderError, match=r"asks for code of its own .*never done") as told:
        sde.load_encoder(folder)
    assert len(str(told.value)) < 400 + len(str(folder))


@pytest.mark.parametrize(
    "options",
    [{"code_revision": "x"}, {"tokenizer_type": "x"}, {"config": {}}, {"subfolder": ".."}, {"_from_auto": True},
     {"gguf_file": "x"}, {"clean": {"a": 1}}],
)  # fmt: skip
def test_options_of_a_tokenizer_are_let_through_by_name(hostile, options):
    with pytest.raises(EncoderError, match="tokenizer_kwargs"):
        sde.load_encoder(hostile(tokenizer_kwargs=options))


@pytest.mark.parametrize("options", [{"reduction_mask": "syntax"}, {"bpe_path": "/etc/passwd"}])
def test_open_clips_own_tokenizer_takes_no_path_and_no_package(tiny_encoder_folder, tmp_path, options):
    folder = tmp_path / "simple"
    shutil.copytree(tiny_encoder_folder, folder)
    content = json.loads((folder / "open_clip_config.json").read_text())
    content["model_cfg"]["text_cfg"]["tokenizer_kwargs"] = options
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    with pytest.raises(EncoderError, match=r"tokenizer_kwargs.*nothing but settings that are known"):
        sde.load_encoder(folder)


def test_a_tokenizer_that_is_nothing_but_code_is_refused(hostile):
    folder = hostile()
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": AUTO_MAP, "tokenizer_class": "Evil"})
    )
    with pytest.raises(EncoderError, match="code that comes with them is never run"):
        sde.load_encoder(folder)


@pytest.mark.parametrize("kind", ["bert", "evil"])
@pytest.mark.parametrize("where", ["beside", "absolute"])
def test_a_text_tower_runs_no_code(hostile, tmp_path, ran, kind, where):
    tower = (hostile() / "tower") if where == "beside" else tmp_path / "tower"
    tower.mkdir()
    _write_code(tower, ran)
    _change(tower / "config.json", model_type=kind, auto_map=AUTO_MAP, hidden_size=32, num_hidden_layers=1,
            num_attention_heads=2, intermediate_size=32, vocab_size=40)  # fmt: skip
    folder = hostile(hf_model_name="tower" if where == "beside" else str(tower), hf_pooler_type="mean_pooler")
    # The weights are those of another tower: what is built is told apart from what is not.
    match = "of the kind 'evil'.*never run" if kind == "evil" else "another architecture"
    with pytest.raises(EncoderError, match=match):
        sde.load_encoder(folder)


@pytest.mark.parametrize("name", ["hf-hub:evil/model", "hf_hub:evil/model", "local-dir:/tmp/evil", "../evil"])
def test_a_picture_tower_is_one_that_timm_has(hostile, name):
    with pytest.raises(EncoderError, match=r"timm_model_name of .* must be an architecture of timm"):
        sde.load_encoder(hostile("vision_cfg", timm_model_name=name))


def test_settings_that_nobody_knows_are_refused(hostile):
    with pytest.raises(EncoderError, match=r"text_cfg of .* must hold nothing but settings .* got made_up"):
        sde.load_encoder(hostile(made_up=1))


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["open_clip_pytorch_model.bin", "weights.pth", "epoch_1.pt", "last.ckpt"])
def test_weights_that_are_a_program_are_refused(hostile, ran, name):
    folder = hostile()
    (folder / "open_clip_model.safetensors").unlink()
    torch.save({"state_dict": {"logit_scale": Bomb(ran)}}, folder / name)
    with pytest.raises(EncoderError, match="Python objects besides tensors"):
        sde.load_encoder(folder)


@pytest.fixture
def hub_cache(monkeypatch, tmp_path):
    """A hub's cache on disk and no hub in reach; returns a function that puts a folder into it."""
    from huggingface_hub import constants

    cache = tmp_path / "cache"
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(hub, "getproxies", dict)

    def put(folder: Path, name: str) -> Path:
        revision = "0123456789abcdef0123456789abcdef01234567"
        model = cache / f"models--{name.replace('/', '--')}"
        shutil.copytree(folder, model / "snapshots" / revision)
        (model / "refs").mkdir()
        (model / "refs" / "main").write_text(revision)
        return model

    return put


def test_a_name_on_the_hub_runs_no_code_either(hostile, hub_cache, siglip_folder):
    folder = hostile()
    _change(folder / "tokenizer_config.json", auto_map=AUTO_MAP)
    model = hub_cache(folder, "evil/model")
    plain = sde.load_encoder(siglip_folder)
    by_name, by_cache = sde.load_encoder("hf-hub:evil/model"), sde.load_encoder(model)
    for found in (by_name, by_cache):
        torch.testing.assert_close(
            found.encode_texts(["a red dog"]), plain.encode_texts(["a red dog"]), rtol=0, atol=0
        )
    hub_cache(hostile(tokenizer_kwargs={"trust_remote_code": True}), "evil/trusted")
    with pytest.raises(EncoderError, match="asks for code of its own"):
        sde.load_encoder("hf-hub:evil/trusted")


def test_a_clip_of_transformers_on_the_hub_runs_no_code(hostile_clip, hub_cache, clip_folder):
    hub_cache(hostile_clip, "evil/clip")
    own, plain = sde.load_encoder("hf-hub:evil/clip"), sde.load_encoder(clip_folder)
    assert own.name == "hf-hub:evil/clip"
    torch.testing.assert_close(own.encode_texts(["a cat"]), plain.encode_texts(["a cat"]), rtol=0, atol=0)


def test_a_tokenizers_name_on_the_hub_runs_no_code(hostile, hub_cache, tiny_weights, tmp_path):
    folder = hostile()
    _change(folder / "tokenizer_config.json", auto_map=AUTO_MAP)
    hub_cache(folder, "evil/words")
    alone = tmp_path / "alone"
    alone.mkdir()
    content = json.loads((folder / "open_clip_config.json").read_text())
    content["model_cfg"]["text_cfg"]["hf_tokenizer_name"] = "evil/words"
    (alone / "arch.json").write_text(json.dumps(content))
    encoder = sde.load_encoder(alone / "arch.json", pretrained=folder / "open_clip_model.safetensors")
    assert encoder.tokenizer(["a red dog"])[0, :4].tolist() == [2, 5, 4, 0]


@pytest.fixture
def hostile_clip(tmp_path, ran, clip_folder):
    folder = tmp_path / "clip"
    shutil.copytree(clip_folder, folder)
    _write_code(folder, ran)
    for name in ("config.json", "tokenizer_config.json", "preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            _change(folder / name, auto_map=AUTO_MAP)
    return folder


def test_a_clip_of_transformers_runs_no_code(hostile_clip, clip_folder):
    # Neither an adapter that names another model nor a kernel of the hub is followed.
    (hostile_clip / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "evil/base", "auto_mapping": AUTO_MAP})
    )
    _change(
        hostile_clip / "config.json", attn_implementation="evil/kernel", _attn_implementation="evil/kernel"
    )
    own, plain = sde.load_encoder(hostile_clip), sde.load_encoder(clip_folder)
    torch.testing.assert_close(own.encode_texts(["a cat"]), plain.encode_texts(["a cat"]), rtol=0, atol=0)


def test_a_clip_of_transformers_is_told_by_its_kind_not_by_its_code(hostile_clip):
    _change(hostile_clip / "config.json", model_type="evil")
    with pytest.raises(EncoderError, match="of the kind 'evil'"):
        sde.load_encoder(hostile_clip)


def test_weights_of_transformers_that_are_a_program_are_refused(hostile_clip, ran):
    (hostile_clip / "model.safetensors").unlink()
    torch.save({"logit_scale": Bomb(ran)}, hostile_clip / "pytorch_model.bin")
    with pytest.raises(EncoderError):
        sde.load_encoder(hostile_clip)


@pytest.mark.parametrize("kind", ["evil_model.Evil", "os.system"])
def test_modules_of_sentence_transformers_are_theirs(hostile_clip, tmp_path, kind):
    outer = tmp_path / "outer"
    shutil.copytree(hostile_clip, outer / "0_CLIPModel")
    (outer / "modules.json").write_text(
        json.dumps([{"idx": 0, "name": "0", "path": "0_CLIPModel", "type": kind}])
    )
    with pytest.raises(EncoderError, match=r"names code of its own .*never run"):
        sde.load_encoder(outer)


def test_the_trap_works(hostile, ran, tmp_path):
    """The library itself, told to trust, runs the very files that are refused above."""
    from transformers import AutoTokenizer

    folder = tmp_path / "trusted"
    shutil.copytree(hostile(), folder)
    _change(folder / "tokenizer_config.json", auto_map=copy.deepcopy(AUTO_MAP))
    AutoTokenizer.from_pretrained(str(folder), trust_remote_code=True)
    assert ran.exists()
    ran.unlink()
    for name in [name for name in sys.modules if "evil" in name]:
        del sys.modules[name]
