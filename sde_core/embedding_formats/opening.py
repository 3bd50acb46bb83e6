"""Embeddings of any format behind one call, and what they hold without reading them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.embedding_formats.assemble import assembled
from sde_core.embedding_formats.base import Table, table_of
from sde_core.embedding_formats.detect import FORMATS, Format, check_inside, detected, open_container
from sde_core.embedding_formats.folders import open_clip_retrieval, open_npy_folder
from sde_core.embedding_formats.pictures import checked_pairs, with_pairs
from sde_core.embedding_formats.roles import check_columns
from sde_core.embedding_formats.sources import Source, source_of
from sde_core.embedding_formats.tables import TableLike, open_table
from sde_core.errors import ConfigError, DataError
from sde_core.files import bundled
from sde_core.files.place import check_place
from sde_core.sets.absence import what_is_missing
from sde_core.sets.claimed_encoder import with_agreement
from sde_core.sets.embeddings import EmbeddingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingFacts:
    """What a file of embeddings holds, from its headers alone.

    Attributes:
        format: one of `FORMATS`.
        n_images: rows of images, broken ones included.
        n_texts: rows of captions, broken ones included.
        width: features of a vector.
        dtype: "float16" or "float32", as it will be read.
        pairing: what says which caption belongs to which image: "row", "id", "index", or the "links" of a set.
        metadata: names of the columns of metadata.
        missing: what is not there -> what that means; as `EmbeddingSet.missing`.
    """

    format: Format
    n_images: int
    n_texts: int
    width: int
    dtype: str
    pairing: Literal["row", "id", "index", "links"]
    metadata: tuple[str, ...]
    missing: Mapping[str, str]

    __repr__ = brief


def open_embeddings(
    path: str | Path | None = None,
    *,
    text: str | Path | None = None,
    format: Format | None = None,
    images: TableLike | None = None,
    captions: TableLike | None = None,
    text_to_image: str | Path | npt.ArrayLike | None = None,
    columns: Mapping[str, str] | None = None,
    pairs: str | Path | None = None,
    encoder: str = "",
    compare_encoder: bool = True,
) -> EmbeddingSet:
    """Return embeddings of images and captions, or of either alone, from any format that is known.

    Rows that are NaN, infinite or zero are left out with what belongs to them and listed in ``skipped``.
    Captions belong to images by ``text_to_image``, else by ids where both have some, else by row. An
    image or caption that comes again with the same vector becomes one row. npy, stored npz and
    safetensors are memory-mapped; anything else, and what rows were left out of, is copied block by
    block: in memory up to 256 MiB a matrix, beyond that in a temporary file.

    Args:
        path: "emoji", "clipart" or a split of them; a folder that `EmbeddingSet.save` wrote; an npy, npz,
            safetensors or parquet file; a folder with image.npy and text.npy; clip-retrieval's output; a
            folder of npy or parquet parts. None, with ``text``, opens a set of texts only.
        text: file or folder of the caption vectors, where ``path`` has only those of images; without it such a
            set has images only.
        format: one of `FORMATS`; None detects it.
        images: ids of the images, or a file (parquet, csv, tsv, jsonl, json, txt, npy) with a row for each
            image vector: id, metadata.
        captions: captions, or a file with a row for each caption vector: caption, id of its image.
        text_to_image: (n_texts,) row of each caption's image, (n_links, 2) rows of (text, image), or an npy
            file of one of them.
        columns: names for "image", "text", "image_id", "text_id", "caption", "text_to_image" where the
            file's own are not understood.
        pairs: what `open_pairs` takes for the images; ids that the file lacks are taken from there.
        encoder: what `load_encoder` takes for the encoder that made the vectors, for searching by new words.
        compare_encoder: whether ``encoder``, if it is on this machine, encodes a few captions and images again; the
            verdict of `compare_with_encoder` is then the last of ``remarks``.

    Returns:
        EmbeddingSet: float16 or float32; `EmbeddingSet.missing` says what is not known.

    Raises:
        DataError: nothing there, damaged, counts or widths that do not match, or no usable pair.
        ConfigError: an unknown format or role, or an option that the format has no use for.
    """
    given = _given(path, text)
    if _is_set(given, format):
        _refuse_options(given, text if path else None, images, captions, text_to_image, columns)
        found = _open_set(given)
        origin = checked_pairs(found, pairs) if pairs is not None else found.provenance
        found = replace(found, provenance=replace(origin, encoder=encoder or origin.encoder))
        return with_agreement(found) if encoder and compare_encoder else found
    source = _source(path, format, text, images, captions, text_to_image, columns)
    source, provenance = with_pairs(source, pairs)
    origin = replace(provenance, encoder=encoder)
    found = assembled(source, provenance=origin, name=Path(given).name)
    if pairs is not None:
        checked_pairs(found, pairs)
    return with_agreement(found) if encoder and compare_encoder else found


def describe_embeddings(
    path: str | Path | None = None,
    *,
    text: str | Path | None = None,
    format: Format | None = None,
    images: TableLike | None = None,
    captions: TableLike | None = None,
    text_to_image: str | Path | npt.ArrayLike | None = None,
    columns: Mapping[str, str] | None = None,
) -> EmbeddingFacts:
    """Return what `open_embeddings` would open, from headers: no vector is read, however many there are.

    Args and Raises: as `open_embeddings`.
    """
    given = _given(path, text)
    if _is_set(given, format):
        _refuse_options(given, text if path else None, images, captions, text_to_image, columns)
        return _facts_of_set(given)
    source = _source(path, format, text, images, captions, text_to_image, columns)
    return EmbeddingFacts(
        format=source.format,  # type: ignore[arg-type]
        n_images=len(source.image),
        n_texts=len(source.text),
        width=source.image.shape[1],
        dtype=str(source.image.dtype),
        pairing="index" if source.text_to_image else "id" if source.text_id else "row",
        metadata=tuple(sorted(source.metadata)),
        missing=what_is_missing(
            image=bool(len(source.image)),
            text=bool(len(source.text)),
            pictures=False,
            captions=source.caption is not None,
            ids=source.image_id is not None,
            encoder=False,
        ),
    )


def _given(path: str | Path | None, text: str | Path | None) -> str:
    if path is None and text is None:
        raise ConfigError("path or text must be given; got neither")
    for name, place in (("path", path), ("text", text)):
        if place is not None:
            check_place(place, name)
    return str(text if path is None else path)


def _is_set(given: str, format: Format | None) -> bool:
    if format is not None and format not in FORMATS:
        raise ConfigError(f"format must be one of {', '.join(FORMATS)}; got {format!r}")
    path = Path(given).expanduser()
    if given.partition("/")[0] in bundled.PAIR_SETS and not path.exists():
        return True
    if path.is_dir():
        check_inside(path)
    return (format or detected(path)) == "set"


def _refuse_options(given: str, *options: object) -> None:
    if any(option is not None for option in options):
        raise ConfigError(
            f"{given} is an embedding set, which has its captions, ids and pairing: leave the options for others out"
        )


def _facts_of_set(given: str) -> EmbeddingFacts:
    from sde_core.sets.store import SetFacts, read_facts

    folder = Path(given).expanduser()
    found = read_facts(folder, EmbeddingSet) if folder.exists() else SetFacts.of(_open_set(given))
    return EmbeddingFacts(
        format="set",
        n_images=found.n_images,
        n_texts=found.n_texts,
        width=found.width,
        dtype=found.dtype,
        pairing="links",
        metadata=found.metadata,
        missing=found.sentences,
    )


def _open_set(given: str) -> EmbeddingSet:
    """Return the set in a folder, a bundled one, or a split of a bundled one."""
    folder = Path(given).expanduser()
    name, _, split = given.partition("/")
    if name not in bundled.PAIR_SETS or folder.exists():
        return EmbeddingSet.load(folder)
    whole = EmbeddingSet.load(bundled.embeddings_folder(name))
    if not split:
        return whole
    rows = whole.metadata["split"] == split
    if not rows.any():
        splits = ", ".join(sorted(set(whole.metadata["split"].tolist())))
        raise DataError(f"the split of {name} must be one of {splits}; got {split!r}")
    return whole.select(rows, name=given)


def _source(
    given: str | Path | None,
    format: Format | None,
    text: str | Path | None,
    images: TableLike | None,
    captions: TableLike | None,
    text_to_image: str | Path | npt.ArrayLike | None,
    columns: Mapping[str, str] | None,
) -> Source:
    named = check_columns(columns)
    beside = None if images is None else open_table(images, "image_id", "images")
    words = None if captions is None else open_table(captions, "caption", "captions")
    if given is None:
        of_text = Path(str(text)).expanduser()
        texts = open_container(of_text, format or _vector_format(of_text))
        return source_of(
            None, texts, named, format=format or detected(of_text), images=beside, captions=words
        )
    path = Path(given).expanduser()
    format = format or detected(path)
    if format == "clip-retrieval" or (format == "npy" and path.is_dir() and text is None):
        if text is not None:
            raise ConfigError("text must be left out for clip-retrieval's folder, which has both vectors")
        if not path.is_dir():
            raise DataError(f"{path} must be a folder to be of format {format}; there is none")
        read = open_npy_folder if format == "npy" else open_clip_retrieval
        source = read(path, named, beside, words)
    else:
        image = open_container(path, format)
        other = None
        if text is not None:
            of_text = Path(text).expanduser()
            other = open_container(of_text, _vector_format(of_text))
        source = source_of(image, other, named, format=format, images=beside, captions=words)
    if text_to_image is None:
        return source
    index = _index_table(text_to_image)
    return replace(source, text_to_image=lambda: index.read(index.names[0]), text_id=None)


def _vector_format(path: Path) -> Format:
    format = detected(path)
    if format in ("set", "clip-retrieval"):
        raise DataError(
            f"text must be a file of caption vectors, or a folder of parts; {path} is a whole set"
        )
    return format


def _index_table(given: str | Path | npt.ArrayLike) -> Table:
    if isinstance(given, str | Path):
        return open_table(given, "text_to_image", "text_to_image")
    try:
        return table_of({"text_to_image": np.asarray(given)}, "text_to_image")
    except ValueError:
        raise DataError("text_to_image must have rows of one length; got a ragged sequence") from None
