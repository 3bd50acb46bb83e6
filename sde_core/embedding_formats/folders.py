"""Folders of vectors: image.npy beside text.npy, clip-retrieval's parts, parts of parquet."""

import re
from collections.abc import Mapping
from pathlib import Path

from sde_core.embedding_formats.base import Container, Table
from sde_core.embedding_formats.detect import natural
from sde_core.embedding_formats.npy import mapped_npy, open_npy
from sde_core.embedding_formats.roles import Role, is_image_name, is_text_name, listed, normal
from sde_core.embedding_formats.sources import Source, source_of
from sde_core.embedding_formats.tables import TABLE_SUFFIXES, open_table, parquet_table
from sde_core.errors import DataError
from sde_core.pairs.member_names import is_hidden
from sde_core.vocabulary import MODALITIES, Modality

_IMAGE_TABLES = ("images", "image_ids", "ids", "metadata", "meta")
_TEXT_TABLES = ("texts", "captions", "text_ids")


def open_npy_folder(
    folder: Path, columns: Mapping[Role, str], images: Table | None, captions: Table | None
) -> Source:
    """Return image.npy and text.npy, one of them, or parts of one, with the tables that lie beside them.

    Raises:
        DataError: several files for one of the two, or names that do not say which is which.
    """
    image_files, text_files, links = npy_vectors(folder)
    beside = images or _table_beside(folder, _IMAGE_TABLES, "image_id")
    words = captions or _table_beside(folder, _TEXT_TABLES, "caption")
    image, text = (open_npy(files) if files else None for files in (image_files, text_files))
    if links and text is not None:
        index = open_table(links[0], "links", "links")
        text = Container(place=text.place, matrices=text.matrices, columns={"links": index})
    if text is None:
        words = None if captions is None else captions
    return source_of(image, text, columns, format="npy", images=beside, captions=words)


def npy_vectors(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the npy files of a folder that hold image vectors, text vectors, and links of both.

    Raises:
        DataError: several files for one of the two, or names that do not say which is which.
    """
    files = [path for path in visible(folder) if path.suffix.lower() == ".npy"]
    links = [path for path in files if normal(path.stem) in ("links", "text_to_image")]
    vectors = [path for path in files if path not in links and not _is_table(path)]
    found: dict[Modality, list[Path]] = {role: _of_role(vectors, role) for role in MODALITIES}
    if any(len(named) > 1 for named in found.values()) or (
        not any(found.values()) and not _are_parts(vectors)
    ):
        shown = "; ".join(
            f"for {role} it has {listed(p.name for p in named)}" for role, named in found.items()
        )
        raise DataError(
            f"{folder} must hold one npy file of vectors for pictures, one for captions, or both, such as image.npy "
            f"and text.npy; {shown}, in all {listed(p.name for p in files)}"
        )
    if not any(found.values()):
        return sorted(vectors, key=natural), [], links
    return found[Modality.IMAGE], found[Modality.TEXT], links


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, by name, without what systems and editors keep for themselves."""
    return sorted(path for path in folder.iterdir() if not is_hidden(path.name))


def _of_role(files: list[Path], role: Modality) -> list[Path]:
    is_named = is_image_name if role == "image" else is_text_name
    named = [path for path in files if is_named(path.stem)]
    return [path for path in named if path.stem == role] or named


def _are_parts(files: list[Path]) -> bool:
    """Return whether files are one, or have one name but for a number."""
    return bool(files) and len({re.sub(r"\d+", "", path.stem) for path in files}) == 1


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

    Parts belong together by the number in their names; they may differ in length. One of the two folders is
    enough for a set of one modality.

    Raises:
        DataError: a part is missing, or the parts of one number differ in length.
    """
    image, text = (
        numbered_parts(folder / name, ".npy") if (folder / name).is_dir() else {}
        for name in ("img_emb", "text_emb")
    )
    metadata = numbered_parts(folder / "metadata", ".parquet") if (folder / "metadata").is_dir() else {}
    numbers = sorted({*image, *text})
    for what, part in (("img_emb", image), ("text_emb", text), ("metadata", metadata)):
        lacking = sorted(set(numbers) ^ set(part)) if part else []
        if lacking:
            raise DataError(
                f"{folder} must have the same parts in img_emb, text_emb and metadata; {what} differs in "
                f"{listed(map(str, lacking))}"
            )
    for number in numbers:
        rows = {str(part[number]): _n_rows(part[number]) for part in (image, text) if part}
        if metadata:
            rows[str(metadata[number])] = parquet_table([metadata[number]]).n_rows
        if len(set(rows.values())) > 1:
            counts = ", ".join(f"{place} has {count}" for place, count in rows.items())
            raise DataError(f"the parts of number {number} must have as many rows; {counts}")
    table = parquet_table([metadata[number] for number in numbers]) if metadata else None
    return source_of(
        open_npy(list(image.values())) if image else None,
        open_npy(list(text.values())) if text else None,
        columns,
        format="clip-retrieval",
        images=images or table,
        captions=captions,
    )


def numbered_parts(folder: Path, suffix: str) -> dict[int, Path]:
    """Return the files of a folder by the last number in their names, in its order."""
    found: dict[int, Path] = {}
    for path in visible(folder):
        if path.suffix.lower() == suffix:
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
