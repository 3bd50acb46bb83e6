import copy
import json

import pytest

from sde_core.files import hub
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


@pytest.fixture
def no_hub(monkeypatch, tmp_path):
    """Every call to the hub refused at once, and no cache to fall back on."""
    from huggingface_hub import constants

    # A port of this machine where nothing listens.
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return constants
