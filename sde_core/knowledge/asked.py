"""The columns that are asked for: of a set's metadata, or the caller's own values, of images or of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sde_core.errors import ConfigError, DataError
from sde_core.knowledge.columns import Column
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet


def asked_side(embeddings: "EmbeddingSet", side: str, spectrum: Spectrum | None) -> tuple[Modality, Spectrum]:
    """Return whose directions are asked, and their spectrum, computed where none is given.

    Raises:
        DataError: a spectrum of another width.
        ConfigError: an unknown side.
    """
    if side not in MODALITIES:
        raise ConfigError(f"side must be {' or '.join(MODALITIES)}; got {side!r}")
    modality = Modality(side)
    vectors = embeddings.vectors(modality)
    if spectrum is None:
        spectrum = compute_spectrum(np.asarray(vectors), center="mean")
    elif spectrum.n_features != vectors.shape[1]:
        raise DataError(f"spectrum must be of width {vectors.shape[1]}; got {spectrum.n_features}")
    return modality, spectrum


def asked_columns(
    embeddings: "EmbeddingSet",
    asked: Sequence[str] | Mapping[str, Any] | None,
    side: Modality,
) -> tuple[list[Column], list[Column]]:
    """Return the columns that images have, and those that are of the texts themselves."""
    names: Mapping[str, Any]
    if asked is None:
        names = dict.fromkeys(embeddings.metadata)
    elif isinstance(asked, Mapping):
        names = asked
    else:
        names = dict.fromkeys(asked)
    of_images: list[Column] = []
    of_texts: list[Column] = []
    of_rows = of_images if embeddings.n_images else of_texts
    for name, what in names.items():
        if what is None or isinstance(what, str):
            if name not in embeddings.metadata:
                there = ", ".join(embeddings.metadata) or "none"
                raise DataError(f"column must be one of {there}; got {name!r}")
            of_rows.append(Column.of(name, embeddings.metadata[name], what))  # type: ignore[arg-type]
            continue
        column = replace(what, name=name) if isinstance(what, Column) else Column.of(name, what)
        n_rows = len(column.known)
        if n_rows == embeddings.n_images and not (side is Modality.TEXT and n_rows == embeddings.n_texts):
            of_images.append(column)
        elif side is Modality.TEXT and n_rows == embeddings.n_texts:
            of_texts.append(column)
        else:
            raise DataError(
                f"column {name} must have a value for each of {embeddings.n_images:,} images"
                + (f" or {embeddings.n_texts:,} texts" if side is Modality.TEXT else "")
                + f"; got {n_rows:,}"
            )
    return of_images, of_texts


def given_column(
    embeddings: "EmbeddingSet",
    asked: Sequence[str] | Mapping[str, Any] | None,
    name: str,
    side: Modality,
) -> Column:
    """Return the column of that name, of those that are asked for or else of the metadata.

    Raises:
        DataError: there is none.
    """
    what = asked.get(name) if isinstance(asked, Mapping) else None
    if what is None and name not in embeddings.metadata:
        there = ", ".join(dict.fromkeys((*(asked or ()), *embeddings.metadata))) or "none"
        raise DataError(f"given must be one of {there}; got {name!r}")
    [column] = [c for group in asked_columns(embeddings, {name: what}, side) for c in group]
    return column
