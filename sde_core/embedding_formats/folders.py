"""Folders of vectors: image.npy beside text.npy, clip-retrieval's parts, parts of parquet."""

import re
from collections.abc import Mapping
from pathlib import Path

from sde_core.embedding_formats.base import Container, Table
from sde_core.embedding_formats.npy import mapped_npy, open_npy
from sde_core.embedding_formats.roles import Role, is_image_name, is_text_name, listed, normal
from sde_core.embedding_formats.sources import Source, source_of
from sde_core.embedding_formats.tables import TABLE_SUFFIXES, open_table, parquet_table
from sde_core.errors import DataError

_IMAGE_TABLES = ("images", "image_ids", "ids", "metadata", "meta")
_TEXT_TABLES = ("texts", "captions", "text_ids")


def open_npy_folder(
    folder: Path, columns: Mapping[Role, str], images: Table | None, captions: Table | None
) -> Source:
    """Return image.npy and text.npy, or names like them, with the tables that lie beside them.

    Raises:
        DataError: not one file for each of the two.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix == ".npy")
    found: dict[str, Path] = {}
    for role, is_named in (("image", is_image_name), ("text", is_text_name)):
        named = [path for path in files if is_named(path.stem) and not _is_table(path)]
        named = [path for path in named if path.stem == role] or named
        if len(named) != 1:
            raise DataError(
                f"{folder} must hold one npy file of vectors for pictures and one for captions, such as image.npy "
                f"and text.npy; for {role} it has {listed(p.name for p in named)}"
            )
        found[role] = named[0]
    beside = images or _table_beside(folder, _IMAGE_TABLES, "image_id")
    words = captions or _table_beside(folder, _TEXT_TABLES, "caption")
    image, text = open_npy([found["image"]]), open_npy([found["text"]])
    links = [path for path in files if normal(path.stem) in ("links", "text_to_image")]
    if links:
        index = open_table(links[0], "links", "links")
        text = Container(place=text.place, matrices=text.matrices, columns={"links": index})
    return source_of(image, text, columns, format="npy", images=beside, captions=words)


def _is_table(path: Path) -> bool:
    return normal(path.stem) in (*_IMAGE_TABLES, *_TEXT_TABLES) and normal(path.stem) not in (
        "images",
        "texts",
    )


def _table_beside(folder: Path, stems: tuple[str, ...], column: str) -> Table | None:
    for stem in stems:
        for suffix in TABLE_SUFFIXES:
            path = folder / f"{stem}{suffix}"
            if path.is_file() and not (suffix == ".npy" and stem in ("images", "texts", "captions")):
                return open_table(path, column, stem)
    return None


def open_clip_retrieval(
    folder: Path, columns: Mapping[Role, str], images: Table | None, captions: Table | None
) -> Source:
    """Return clip-retrieval's output: img_emb/img_emb_0.npy, text_emb/..., metadata/metadata_0.parquet.

    Parts belong together by the number in their names; they may differ in length.

    Raises:
        DataError: a part is missing, or the parts of one number differ in length.
    """
    image, text = (_parts(folder / name, ".npy") for name in ("img_emb", "text_emb"))
    metadata = _parts(folder / "metadata", ".parquet") if (folder / "metadata").is_dir() else {}
    for what, numbers in (("text_emb", text), ("metadata", metadata)):
        lacking = sorted(set(image) ^ set(numbers)) if numbers else []
        if lacking:
            raise DataError(
                f"{folder} must have the same parts in img_emb and {what}; only one has {listed(map(str, lacking))}"
            )
    for number in image:
        rows = {str(part[number]): _n_rows(part[number]) for part in (image, text)}
        if metadata:
            rows[str(metadata[number])] = parquet_table([metadata[number]]).n_rows
        if len(set(rows.values())) > 1:
            counts = ", ".join(f"{place} has {count}" for place, count in rows.items())
            raise DataError(f"the parts of number {number} must have as many rows; {counts}")
    table = parquet_table([metadata[number] for number in image]) if metadata else None
    return source_of(
        open_npy(list(image.values())),
        open_npy(list(text.values())),
        columns,
        format="clip-retrieval",
        images=images or table,
        captions=captions,
    )


def _parts(folder: Path, suffix: str) -> dict[int, Path]:
    """Return the files of a folder by the last number in their names, in its order."""
    if not folder.is_dir():
        raise DataError(f"{folder.parent} must hold the folder {folder.name}: both vectors are needed")
    found: dict[int, Path] = {}
    for path in folder.iterdir():
        if path.suffix == suffix:
            numbers = re.findall(r"\d+", path.stem)
            number = int(numbers[-1]) if numbers else 0
            if number in found:
                raise DataError(
                    f"{folder} must have one part of each number; {found[number].name}, {path.name}"
                )
            found[number] = path
    if not found:
        raise DataError(f"{folder} must hold parts such as {folder.name}_0{suffix}; it has none")
    return dict(sorted(found.items()))


def _n_rows(path: Path) -> int:
    array = mapped_npy(path, str(path))
    return len(array) if array.ndim else 0
