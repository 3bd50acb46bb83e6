"""Mutated encoders: whatever is in the files, an encoder comes or one sentence, and no code of theirs runs.

A load takes tens of milliseconds, so the suite mutates a fifth of what it does of other files.
"""

import io
import json
import os
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import sde_core as sde
from tests.fuzzing import N_FILES, check_that_only_data_errors_come

N_LOADS = N_FILES if "SDE_FUZZ_FILES" in os.environ else N_FILES // 5
NUMBERS = (b"0", b"-1", b"1e99", b"null", b"[]", b"{}", b'"a"', b"true", b"0.5")


@dataclass(frozen=True)
class Case:
    """A file of an encoder that is mutated.

    Attributes:
        folder: the fixture with the encoder.
        file: in it.
        tokens: bytes that mean something there.
        hot: offsets that decide how it is read.
        share: of the loads of its reader.
    """

    folder: str
    file: str
    tokens: tuple[bytes, ...] = ()
    hot: Callable[[bytes], list[int]] = lambda content: []
    share: float = 1.0


def _header(content: bytes) -> list[int]:
    """Offsets of a safetensors header."""
    return list(range(min(len(content), 400)))


def _directory(content: bytes) -> list[int]:
    """Offsets of the pickle, and of the list of files at the end of a checkpoint."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.start_dir
    return [*range(60, min(900, start)), *range(start, len(content))]


CASES = {
    "settings of open_clip": Case("tiny_encoder_folder", "open_clip_config.json", NUMBERS, share=0.5),
    "weights of open_clip": Case("tiny_encoder_folder", "open_clip_model.safetensors", NUMBERS, _header, 0.5),
    "checkpoint": Case(
        "checkpoint_folder", "open_clip_pytorch_model.bin", (b"\x80\x02", b"c", b"R", b"."), _directory
    ),
    "tokenizer of a folder": Case("siglip_folder", "tokenizer.json", (b'"a": 3', *NUMBERS), share=0.5),
    "settings of a tokenizer": Case("siglip_folder", "tokenizer_config.json", NUMBERS, share=0.5),
    "settings of transformers": Case("clip_folder", "config.json", NUMBERS, share=0.4),
    "weights of transformers": Case("clip_folder", "model.safetensors", NUMBERS, _header, 0.4),
    "pictures of transformers": Case("clip_folder", "preprocessor_config.json", NUMBERS, share=0.2),
    "modules of sentence-transformers": Case("modules_folder", "modules.json", (b'".."', *NUMBERS)),
    "cache of the hub": Case("hub_folder", "refs/main", (b"..", b"/", b"main")),
}


@pytest.fixture(scope="session")
def checkpoint_folder(tiny_encoder_folder, tmp_path_factory):
    """The tiny encoder with its weights as torch writes them."""
    folder = tmp_path_factory.mktemp("checkpoint")
    shutil.copy(tiny_encoder_folder / "open_clip_config.json", folder)
    state = load_file(tiny_encoder_folder / "open_clip_model.safetensors")
    torch.save({"epoch": 1, "name": "run", "state_dict": state}, folder / "open_clip_pytorch_model.bin")
    return folder


@pytest.fixture(scope="session")
def modules_folder(clip_folder, tmp_path_factory):
    """A CLIP in sentence-transformers' layout."""
    folder = tmp_path_factory.mktemp("modules")
    shutil.copytree(clip_folder, folder / "0_CLIPModel")
    module = {"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}
    (folder / "modules.json").write_text(json.dumps([module]))
    return folder


@pytest.fixture(scope="session")
def hub_folder(tiny_encoder_folder, tmp_path_factory):
    """A model in the hub's cache."""
    folder = tmp_path_factory.mktemp("hub") / "models--organisation--name"
    shutil.copytree(tiny_encoder_folder, folder / "snapshots" / "abc")
    shutil.copytree(tiny_encoder_folder, folder / "snapshots" / "def")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    return folder


@pytest.mark.parametrize("name", CASES)
def test_a_mutated_encoder_is_loaded_or_refused_in_one_sentence(name, request, tmp_path, no_hub):
    case = CASES[name]
    folder = tmp_path / request.getfixturevalue(case.folder).name
    shutil.copytree(request.getfixturevalue(case.folder), folder)
    path = folder / case.file
    content = path.read_bytes()

    def load() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            encoder = sde.load_encoder(folder, device="cpu")
            assert encoder.encode_texts(["a cat", "a dog"]).shape[0] == 2

    check_that_only_data_errors_come(
        path,
        load,
        tokens=case.tokens,
        hot=case.hot(content),
        n_files=max(20, int(N_LOADS * case.share)),
        error=sde.EncoderError,
    )
    path.write_bytes(content)
    load()
    assert Path(folder).is_dir()
