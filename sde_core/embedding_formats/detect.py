"""Which format a path has: by its name, else by its first bytes."""

import os
import re
from pathlib import Path
from typing import Literal, TypeAlias, get_args
from zipfile import BadZipFile, ZipFile

from sde_core.embedding_formats.base import Container
from sde_core.embedding_formats.faiss_file import MAGICS, open_faiss
from sde_core.embedding_formats.npy import open_npy
from sde_core.embedding_formats.npz import open_npz
from sde_core.embedding_formats.parquet import open_parquet
from sde_core.embedding_formats.safetensors_file import open_safetensors
from sde_core.errors import DataError
from sde_core.files.recognised import recognised
from sde_core.pairs.member_names import is_hidden

Format: TypeAlias = Literal["set", "npy", "npz", "safetensors", "parquet", "clip-retrieval", "faiss"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""What `open_embeddings` reads: a set that `EmbeddingSet.save` wrote, or what others write."""

_SUFFIXES: dict[str, Format] = {
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".faiss": "faiss",
    ".index": "faiss",
}
_PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".bin", ".joblib"}
MANIFEST = "manifest.json"
_MODELS = (
    ("open_clip_config.json", ("open_clip_config.json",)),
    ("config.json", ("model.safetensors", "pytorch_model.bin", "model.safetensors.index.json")),
    ("modules.json", ("config_sentence_transformers.json", "0_CLIPModel", "0_Transformer", "1_Pooling")),
)  # what names a model, and what lies beside it: one of them
ATLAS = "data/dataset.parquet"
"""Where the application that Embedding Atlas exports has its table."""
_PARTS = ("img_emb", "text_emb", "metadata")


def detected(path: Path) -> Format:
    """Return the format of a file or folder.

    Raises:
        DataError: nothing there, or none of `FORMATS`.
    """
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise DataError(f"path must be a file or folder of embeddings; there is no {path}")
    start = _first_bytes(path)
    what = (
        "" if start[8:9] == b"{" else recognised(start)
    )  # the length before a safetensors header may be anything
    if what:
        raise DataError(f"{path} is {what}")
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    if path.suffix.lower() in _PICKLES and start[:1] != b"\x80" and start[:2] != b"PK":
        raise DataError(
            f"{path} holds numbers without their shape and type: name both, such as x = np.fromfile(path, 'float32')"
            ".reshape(-1, WIDTH), bfloat16 as np.fromfile(path, 'uint16').reshape(-1, WIDTH).view('V2'), and np.save it"
        )
    if path.suffix.lower() in _PICKLES:
        raise DataError(
            f"{path} is a pickle, which is never unpickled: save the vectors as safetensors or npy"
        )
    for magic, known in ((b"\x93NUMPY", "npy"), (b"PK", "npz"), (b"PAR1", "parquet")):
        if start.startswith(magic):
            if magic == b"PK":
                _refuse_an_export(path)
            return known  # type: ignore[return-value]
    if start[:4] in MAGICS:
        return "faiss"
    if start[8:9] == b"{":
        return "safetensors"
    raise DataError(
        f"{path} must be npy, npz, safetensors, parquet or a faiss index; its first bytes are none of them: load it "
        "with what wrote it, and np.save the matrix"
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(256)
    except OSError as error:
        raise DataError(f"{path} must be readable; {error.strerror}") from None


def _refuse_an_encoder(folder: Path) -> None:
    """Raise DataError for a folder with the weights of a model, by the files that its tools write."""
    for config, weights in _MODELS:
        if (folder / config).is_file() and any((folder / name).exists() for name in weights):
            raise DataError(
                f"{folder} is an encoder, by its {config}: name it as the encoder (load_encoder, --model), and "
                "vectors or pairs here"
            )


def _refuse_an_export(path: Path) -> None:
    """Raise DataError for a zip that is an application of Embedding Atlas, not arrays."""
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, BadZipFile, NotImplementedError):
        return  # what is wrong with it is said where its arrays are read
    if any(name == ATLAS or name.endswith(f"/{ATLAS}") for name in names):
        raise DataError(
            f"{path} is an export of Embedding Atlas: unpack it, and open the folder, which has {ATLAS}"
        )


def check_inside(folder: Path) -> None:
    """Refuse a folder with links that lead out of it, such as of an archive from elsewhere.

    Raises:
        DataError: names the link.
    """
    root = os.path.realpath(folder)
    for path in (*folder.iterdir(), *(p for part in _PARTS for p in folder.glob(f"{part}/*"))):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
            raise DataError(
                f"{path} is a link that leads out of {folder}, and is not followed: put the file itself there"
            )


def _of_folder(folder: Path) -> Format:
    if (folder / MANIFEST).is_file():
        return "set"
    if (folder / "img_emb").is_dir() or (folder / "text_emb").is_dir():
        return "clip-retrieval"
    _refuse_an_encoder(folder)
    files = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    if any(path.suffix.lower() == ".npy" for path in files):
        return "npy"
    inside = {_SUFFIXES[p.suffix.lower()] for p in files if p.suffix.lower() in _SUFFIXES}
    preferred: tuple[Format, ...] = (
        "safetensors",
        "npz",
        "faiss",
        "parquet",
    )  # a parquet table may lie beside
    for known in preferred:
        if known in inside:
            return known
    if (folder / ATLAS).is_file():
        return "parquet"
    raise DataError(
        f"{folder} must hold an embedding set ({MANIFEST}), image.npy and text.npy, img_emb/ and text_emb/, or files "
        f"of one of npz, safetensors, parquet, faiss; {'it is empty' if not files else 'it has none of them'}"
    )


def open_container(path: Path, format: Format) -> Container:
    """Return the arrays of one file; of a folder, of the one file in it, or of its npy, parquet or faiss parts.

    Raises:
        DataError: damaged, or not of this format.
    """
    if not path.exists():
        raise DataError(f"path must be a file or folder of embeddings; there is no {path}")
    files = [path]
    if path.is_dir():
        files = sorted(
            (
                p
                for p in path.iterdir()
                if _SUFFIXES.get(p.suffix.lower()) == format and not is_hidden(p.name)
            ),
            key=natural,
        )
        if not files and format == "parquet" and (path / ATLAS).is_file():
            files = [path / ATLAS]
        if not files or (len(files) > 1 and format in ("npz", "safetensors")):
            raise DataError(f"{path} must hold one {format} file; it has {len(files)}: name the one to open")
    if format == "parquet":
        return open_parquet(files)
    if format == "npy":
        return open_npy(files)
    if format == "faiss":
        return open_faiss(files)
    return open_npz(files[0]) if format == "npz" else open_safetensors(files[0])


def natural(path: Path) -> list[tuple[int, str]]:
    """Return a key that puts part_2 before part_10."""
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in re.split(r"(\d+)", path.name)]
