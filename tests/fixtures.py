"""Fixtures that several test folders use: a tiny real open_clip model and a tiny real WebDataset shard."""

import io
import json
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch
from PIL import Image

TINY_CONFIG = {
    "model_cfg": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


@pytest.fixture(scope="session")
def tiny_encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import open_clip
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("encoder")
    (folder / "open_clip_config.json").write_text(json.dumps(TINY_CONFIG))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.CLIP(**TINY_CONFIG["model_cfg"])
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def picture_bytes(colour: str = "red", size: tuple[int, int] = (40, 30), kind: str = "WEBP") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


Members = Iterable[tuple[str, bytes]]


@pytest.fixture
def write_shard(tmp_path: Path) -> Callable[..., Path]:
    def write(members: Members, name: str = "shard-000000.tar") -> Path:
        path = tmp_path / name
        with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as archive:
            for member, content in members:
                info = tarfile.TarInfo(member)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return path

    return write


@pytest.fixture
def good_members() -> list[tuple[str, bytes]]:
    members: list[tuple[str, bytes]] = []
    for i, colour in enumerate(["red", "green", "blue", "white", "black"]):
        members += [
            (f"{i:04d}.webp", picture_bytes(colour)),
            (f"{i:04d}.txt", f"a {colour} square\nsomething {colour}\n".encode()),
            (f"{i:04d}.json", json.dumps({"split": "train" if i < 3 else "test", "number": i}).encode()),
        ]
    return members
