"""Every example of docs/data.md runs as it stands, on small files that the writers of the readers' tests make."""

import re
import shutil
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sde_core.embedding_formats import FORMATS
from tests.sde_core.embedding_formats.real_set import WRITERS as VECTORS
from tests.sde_core.embedding_formats.real_set import real_set
from tests.sde_core.pairs.formats import WRITERS
from tests.sde_core.pairs.test_fuzz import OTHERS, PAIRS

PAGE = (Path(__file__).resolve().parents[1] / "docs/data.md").read_text()
BLOCKS = re.findall(r"^### (.*?)\n|```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
EXAMPLES = [code for _, code in BLOCKS if code]

# Name of a folder in the examples -> what writes it.
PAIR_FOLDERS = {
    "table": "csv", "tabs": "tsv", "lines": "jsonl", "folder": "folder", "shards": "webdataset",
    "img2dataset": "img2dataset", "clip_benchmark": "clip-benchmark", "classes": "classes", "zip": "zip of csv",
    "parquet": "parquet", "parquet_paths": "parquet with paths", "saved": "huggingface", "mmeb": "mmeb",
    "coco": "coco", "packed": "packed",
}  # fmt: skip
VECTOR_FOLDERS = {
    "vectors": "set", "npy_folder": "npy_folder", "npz": "npz", "parquet_vectors": "parquet_lists",
    "tensors": "safetensors", "clip_retrieval": "clip_retrieval",
}  # fmt: skip


@pytest.fixture
def files(tmp_path, monkeypatch, tiny_encoder_folder, clip_folder):
    """The files of the examples in the folder where they run."""
    monkeypatch.chdir(tmp_path)
    for folder, writer in PAIR_FOLDERS.items():
        (WRITERS | OTHERS)[writer](tmp_path / folder, PAIRS)
    for folder, writer in VECTOR_FOLDERS.items():
        (tmp_path / folder).mkdir()
        VECTORS[writer](real_set().select(np.arange(6)), tmp_path / folder)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/train.csv").write_text(
        "filepath,title\nE:\\sets\\images\\p0.webp,one\n/mnt/x/p1.webp,two\n"
    )
    (tmp_path / "lists/words.csv").write_text("text,language\na cat,en\n")
    _write_encoders(tmp_path, tiny_encoder_folder, clip_folder)
    image, text = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    (tmp_path / "faiss").mkdir()
    for name, rows in (("image", image), ("text", text)):
        index = faiss.IndexFlatIP(4)
        index.add(rows)
        faiss.write_index(index, str(tmp_path / f"faiss/{name}.index"))
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy/image.npy", image)
    np.save(tmp_path / "npy/text.npy", text)
    np.savez(tmp_path / "odd.npz", a=image, b=text)
    np.savez(
        tmp_path / "ids.npz", image=image[:2], text=text[:4], ids=["x", "y"], text_ids=["x", "y", "x", "y"]
    )


def _write_encoders(place, tiny_encoder_folder, clip_folder):
    shutil.copytree(tiny_encoder_folder, place / "encoder")
    shutil.copytree(clip_folder, place / "clip")
    shutil.copy(tiny_encoder_folder / "open_clip_config.json", place / "arch.json")
    state = load_file(tiny_encoder_folder / "open_clip_model.safetensors")
    torch.save({"epoch": 2, "state_dict": state}, place / "epoch_2.pt")


def test_the_examples_run_one_after_another(files):
    names: dict[str, object] = {}
    for code in EXAMPLES:
        exec(compile(code, "docs/data.md", "exec"), names)


def test_every_format_has_an_example_of_at_most_six_lines():
    text = "\n".join(EXAMPLES)
    for folder in (*PAIR_FOLDERS, *VECTOR_FOLDERS):
        assert f'"{folder}' in text, folder
    assert max(len(code.strip().splitlines()) for code in EXAMPLES) <= 6
    assert all(name in PAGE for name in ("hf://organisation/name", *FORMATS))
