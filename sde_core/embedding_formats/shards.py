"""Embeddings as shards: files, and stretches of rows of large ones, that workers read each by itself.

A shard is a name and two numbers, so that it costs nothing to send; where it is cut depends on the files alone, never
on how many workers there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.embedding_formats.base import Matrix, matrix_of_array
from sde_core.embedding_formats.detect import Format, check_inside, detected, natural, open_container
from sde_core.embedding_formats.folders import npy_vectors, numbered_parts
from sde_core.embedding_formats.npy import mapped_npy
from sde_core.embedding_formats.roles import listed
from sde_core.embedding_formats.sources import Source, source_of
from sde_core.errors import DataError
from sde_core.files import bundled
from sde_core.vocabulary import MODALITIES, Modality

SHARD_ROWS = 1 << 18
"""Rows of a shard, unless the file ends or cannot be read from its middle."""

_Part = tuple[Path | None, Path | None]
_SPLIT: tuple[Format, ...] = ("npy", "parquet", "faiss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Some rows of one file, or of two whose rows belong together.

    Attributes:
        path: file of image vectors, or of both modalities, or of whatever its name says; None where there is none.
        text: file of text vectors, None where ``path`` has all there is.
        start: first row.
        stop: row behind the last; None is the end of the file.
    """

    path: str | None
    text: str | None = None
    start: int = 0
    stop: int | None = None

    __repr__ = brief

    def __str__(self) -> str:
        """Return what people call it: its files, and its rows where it is a part of them."""
        files = ",".join(name for name in (self.path, self.text) if name is not None)
        return files if self.stop is None and not self.start else f"{files} rows {self.start} to {self.stop}"

    def matrices(self) -> tuple[dict[Modality, Matrix], bool]:
        """Return the vectors by modality, from headers alone, and whether row i of one belongs to row i of the other.

        Raises:
            DataError: a file is missing or damaged, or two that belong together differ in length.
        """
        source = _source(self.path, self.text)
        found: dict[Modality, Matrix] = {
            m: self._of(matrix) for m in MODALITIES if len(matrix := getattr(source, m))
        }
        is_paired = len(found) == 2 and source.has_rows_of_pairs
        if is_paired and len({len(matrix) for matrix in found.values()}) > 1:
            counts = " and ".join(str(len(matrix)) for matrix in found.values())
            raise DataError(f"{self} must have one row per pair; got {counts} rows")
        return found, is_paired

    def _of(self, matrix: Matrix) -> Matrix:
        if self.stop is None and not self.start:
            return matrix
        if matrix.whole is None or len(matrix) < (self.stop or 0):
            raise DataError(
                f"{matrix.place} must have rows {self.start} to {self.stop}, as when it was listed"
            )
        return matrix_of_array(matrix.whole[self.start : self.stop], matrix.place)


def shards_of(name: str, *, rows: int = SHARD_ROWS) -> list[Shard]:
    """Return the shards of embeddings by name, folder or file; "IMAGE,TEXT" are two files or folders of parts.

    Long memory-mapped files are cut, other files are a shard each. A file that cannot be read is a shard as well:
    whoever reads it says why.

    Args:
        name: of the set, as `open_named` takes it, but for splits of bundled ones.
        rows: of a shard at most, where a file can be cut.

    Raises:
        DataError: nothing there, or nothing in a known format.
    """
    return [shard for part in _parts(name) for shard in _cut(*part, rows)]


def _parts(name: str) -> list[_Part]:
    path, comma, text = name.partition(",")
    whole = Path(name).expanduser()
    if comma and not whole.exists():
        sides = [_files(Path(side.strip()).expanduser()) if side.strip() else [] for side in (path, text)]
        if all(sides) and len(sides[0]) != len(sides[1]):
            raise DataError(
                f"{name} must have as many files of images as of texts; got {len(sides[0])} and {len(sides[1])}"
            )
        return list(zip_longest(sides[0], sides[1]))
    if name in bundled.PAIR_SETS and not whole.exists():
        whole = bundled.embeddings_folder(name)
    format = detected(whole)
    if not whole.is_dir():
        return [(whole, None)]
    check_inside(whole)
    if format == "set":  # a caption that several images share is one row: no rows of pairs
        return [(whole / "image.npy", None), (None, whole / "text.npy")]
    if format == "clip-retrieval":
        numbered = [
            numbered_parts(whole / side, ".npy") if (whole / side).is_dir() else {}
            for side in ("img_emb", "text_emb")
        ]
        lacking = sorted(numbered[0].keys() ^ numbered[1].keys()) if all(numbered) else []
        if lacking:
            raise DataError(
                f"{whole} must have the same parts in img_emb and text_emb; they differ in {listed(map(str, lacking))}"
            )
        return [(numbered[0].get(n), numbered[1].get(n)) for n in sorted({*numbered[0], *numbered[1]})]
    if format == "npy":
        image, texts, links = npy_vectors(whole)
        if links and image and texts:
            return [*((file, None) for file in image), *((None, file) for file in texts)]
        return list(zip_longest(image, texts))
    return [(file, None) for file in _files(whole)]


def _files(path: Path) -> list[Path]:
    """Return the files of one container: itself, or the parts in a folder."""
    if not path.exists():
        raise DataError(f"path must be a file or folder of embeddings; there is no {path}")
    if not path.is_dir():
        return [path]
    format = detected(path)
    found = [p for p in path.iterdir() if p.suffix.lower() == f".{format}"] if format in _SPLIT else []
    return sorted(found, key=natural) or [path]


def _cut(path: Path | None, text: Path | None, rows: int) -> Sequence[Shard]:
    whole = Shard(path=None if path is None else str(path), text=None if text is None else str(text))
    try:
        found, _ = whole.matrices()
    except DataError:
        return [] if _is_empty(path or text) else [whole]
    longest = max(map(len, found.values()))
    if (
        longest <= rows
        or any(matrix.whole is None for matrix in found.values())
        or len({*map(len, found.values())}) > 1
    ):
        return [whole]
    return [replace(whole, start=i, stop=min(i + rows, longest)) for i in range(0, longest, rows)]


def _is_empty(file: Path | None) -> bool:
    try:
        return (
            file is not None and file.suffix == ".npy" and not mapped_npy(file, str(file), whole=False).size
        )
    except DataError:
        return False


def _source(path: str | None, text: str | None) -> Source:
    given = [None if name is None else Path(name) for name in (path, text)]
    opened = [None if file is None else open_container(file, detected(file)) for file in given]
    return source_of(opened[0], opened[1], {}, format="")
