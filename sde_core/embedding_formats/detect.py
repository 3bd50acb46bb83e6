"""Which format a path has: by its name, else by its first bytes."""

import re
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sde_core.embedding_formats.base import Container
from sde_core.embedding_formats.faiss_file import MAGICS, open_faiss
from sde_core.embedding_formats.npy import open_npy
from sde_core.embedding_formats.npz import open_npz
from sde_core.embedding_formats.parquet import open_parquet
from sde_core.embedding_formats.safetensors_file import open_safetensors
from sde_core.errors import DataError
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
    if path.suffix in _SUFFIXES:
        return _SUFFIXES[path.suffix]
    if path.suffix in _PICKLES:
        raise DataError(
            f"{path} is a pickle, which is never unpickled: save the vectors as safetensors or npy"
        )
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise DataError(f"{path} must be readable; {error.strerror}") from None
    for magic, known in ((b"\x93NUMPY", "npy"), (b"PK", "npz"), (b"PAR1", "parquet")):
        if start.startswith(magic):
            return known  # type: ignore[return-value]
    if start[:4] in MAGICS:
        return "faiss"
    if start[8:9] == b"{":
        return "safetensors"
    raise DataError(
        f"{path} must be npy, npz, safetensors, parquet or a faiss index; its first bytes are none of them"
    )


def check_inside(folder: Path) -> None:
    """Refuse a folder with links that lead out of it, such as of an archive from elsewhere.

    Raises:
        DataError: names the link.
    """
    root = folder.resolve()
    for path in (*folder.iterdir(), *(p for part in _PARTS for p in folder.glob(f"{part}/*"))):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise DataError(
                f"{path} is a link that leads out of {folder}, and is not followed: put the file itself there"
            )


def _of_folder(folder: Path) -> Format:
    if (folder / MANIFEST).is_file():
        return "set"
    if (folder / "img_emb").is_dir() or (folder / "text_emb").is_dir():
        return "clip-retrieval"
    files = sorted(path for path in folder.iterdir() if not is_hidden(path.name))
    if any(path.suffix == ".npy" for path in files):
        return "npy"
    inside = {_SUFFIXES[p.suffix] for p in files if p.suffix in _SUFFIXES}
    preferred: tuple[Format, ...] = (
        "safetensors",
        "npz",
        "faiss",
        "parquet",
    )  # a parquet table may lie beside
    for known in preferred:
        if known in inside:
            return known
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
            (p for p in path.iterdir() if _SUFFIXES.get(p.suffix) == format and not is_hidden(p.name)),
            key=natural,
        )
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
