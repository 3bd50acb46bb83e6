"""Points of a map: where they lie, whom they belong to, what colours them, which of them are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import sde_core as sde

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MOST_POINTS = 100_000
"""Points of a figure; more are drawn by WebGL."""

SAVED_POINTS = 20_000
"""Points over the density in a saved figure of more: a seeded sample."""

MOST_KINDS = 12
"""Values of a column with colours of their own; the rest share one."""

OTHERS = "others"
BAND_COLOURS = ("strong energy", "weak energy", "noise energy")


@dataclass(frozen=True, kw_only=True)
class MapRows:
    """Which pictures and captions a map shows, pictures first.

    Attributes:
        images: (i,) rows of pictures.
        texts: (t,) rows of captions.
        n_all: pictures and captions that it could show.
    """

    images: Ints
    texts: Ints
    n_all: int

    def __len__(self) -> int:
        return len(self.images) + len(self.texts)

    @property
    def is_sample(self) -> bool:
        """Whether some are left out."""
        return len(self) < self.n_all


def more_points(shown: int, n_all: int, options: tuple[str, ...]) -> tuple[str, int]:
    """Return the next choice that shows more points than now, and how many; "" and 0 where there is none.

    Args:
        shown: points of the map.
        n_all: that it could show.
        options: points at most, ascending, such as "20,000".

    >>> more_points(20_000, 50_000, ("20,000", "100,000")), more_points(300, 300, ("20,000", "100,000"))
    (('100,000', 50000), ('', 0))
    """
    for option in options:
        count = min(int(option.replace(",", "")), n_all)
        if count > shown:
            return option, count
    return "", 0


def map_rows(embeddings: sde.EmbeddingSet, of: str, limit: int | None = None) -> MapRows:
    """Return the rows of a map: all, or a seeded sample with as many pictures as captions.

    Args:
        embeddings: the set.
        of: "image", "text" or "both".
        limit: points at most; None takes all.
    """
    from sde_core.geometry.projection import sample_rows

    none = np.zeros(0, np.int64)
    n_images = embeddings.n_images if of != "text" else 0
    n_texts = embeddings.n_texts if of != "image" else 0
    n_all = n_images + n_texts
    most = n_all if limit is None else limit
    for_images = max(most // 2, most - n_texts) if of == "both" else most
    images = sample_rows(n_images, for_images) if n_images else none
    texts = sample_rows(n_texts, most - len(images), seed=1) if n_texts else none
    return MapRows(images=images, texts=texts, n_all=n_all)


def vectors_of(embeddings: sde.EmbeddingSet, rows: MapRows) -> npt.NDArray[np.floating[Any]]:
    """Return the vectors of the rows of a map, (p, n)."""
    return np.concatenate([embeddings.image[rows.images], embeddings.text[rows.texts]])


def vector_blocks(
    embeddings: sde.EmbeddingSet, rows: MapRows, size: int = 1 << 16
) -> Iterator[npt.NDArray[np.floating[Any]]]:
    """Yield the same rows block by block, so that a large set is never copied whole."""
    for vectors, mine in ((embeddings.image, rows.images), (embeddings.text, rows.texts)):
        for start in range(0, len(mine), size):
            yield vectors[mine[start : start + size]]


def ids_of(embeddings: sde.EmbeddingSet, rows: MapRows) -> npt.NDArray[np.int32]:
    """Return a number for each point: the row of a picture, or n_images plus the row of a caption."""
    return np.concatenate([rows.images, rows.texts + embeddings.n_images]).astype(np.int32)


def pictures_of(embeddings: sde.EmbeddingSet, ids: npt.ArrayLike) -> Ints:
    """Return the rows of the pictures that points belong to, ascending; a caption brings all its pictures."""
    numbers = np.unique(np.asarray(ids, dtype=np.int64))
    numbers = numbers[(numbers >= 0) & (numbers < embeddings.n_images + embeddings.n_texts)]
    texts = numbers[numbers >= embeddings.n_images] - embeddings.n_images
    linked = embeddings.links[np.isin(embeddings.links[:, 0], texts), 1]
    return np.unique(np.concatenate([numbers[numbers < embeddings.n_images], linked]))


def points_of(embeddings: sde.EmbeddingSet, rows: MapRows, pictures: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Return the (p,) mask of points that belong to given pictures: themselves, and their captions."""
    chosen = np.asarray(pictures, dtype=np.int64)
    texts = embeddings.links[np.isin(embeddings.links[:, 1], chosen), 0]
    return np.concatenate([np.isin(rows.images, chosen), np.isin(rows.texts, texts)])


def columns_of(embeddings: sde.EmbeddingSet) -> tuple[str, ...]:
    """Return the metadata columns that can colour a map: numbers, or words of which some come twice."""
    found = []
    for name, column in sorted(embeddings.metadata.items()):
        kinds = len(np.unique(column))
        if kinds > 1 and (column.dtype.kind in "fiu" or kinds <= max(MOST_KINDS, len(column) // 2)):
            found.append(name)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Colours:
    """What colours the points of a map.

    Attributes:
        title: of the legend or colour bar.
        numbers: (p,) for a colour bar, or None.
        kinds: names in the legend, or none.
        kind: (p,) index into ``kinds``.
    """

    title: str
    numbers: Floats | None = None
    kinds: tuple[str, ...] = ()
    kind: npt.NDArray[np.int8] | None = None


def band_colours(band: int, image: Floats, text: Floats) -> Colours:
    """Return each point's share of energy in a band.

    Args:
        band: 0 strong, 1 weak, 2 noise.
        image: (i, 3) band shares of the pictures.
        text: (t, 3) band shares of the captions.
    """
    return Colours(title=BAND_COLOURS[band], numbers=np.concatenate([image[:, band], text[:, band]]))


def modality_colours(rows: MapRows) -> Colours:
    """Return whether each point is a picture or a caption."""
    kind = np.repeat(np.array([0, 1], np.int8), [len(rows.images), len(rows.texts)])
    return Colours(title="modality", kinds=("image", "text"), kind=kind)


def column_colours(embeddings: sde.EmbeddingSet, rows: MapRows, name: str) -> Colours:
    """Return each point's value of a metadata column; a caption takes that of its first picture."""
    column = embeddings.metadata[name]
    first = np.full(embeddings.n_texts, -1, dtype=np.int64)
    first[embeddings.links[::-1, 0]] = embeddings.links[::-1, 1]
    pictures = np.concatenate([rows.images, first[rows.texts]])
    values = column[pictures]
    if column.dtype.kind in "fiu" and len(np.unique(column)) > MOST_KINDS:
        return Colours(title=name, numbers=np.where(pictures >= 0, values, np.nan).astype(np.float32))
    words = np.where(pictures >= 0, values.astype(str), OTHERS)
    kinds, counts = np.unique(words, return_counts=True)
    by_size = [str(kind) for kind in kinds[np.argsort(-counts, kind="stable")] if kind != OTHERS]
    shown = sorted(by_size[: MOST_KINDS - 1] if len(by_size) > MOST_KINDS else by_size)
    names = (*shown, OTHERS) if len(shown) < len(kinds) else tuple(shown)
    place = {word: i for i, word in enumerate(names)}
    kind = np.array([place.get(str(word), len(shown)) for word in kinds], np.int8)
    return Colours(title=name, kinds=names, kind=kind[np.searchsorted(kinds, words)])


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The points of a figure that are drawn one by one.

    Attributes:
        points: (s,) positions in the map.
        is_density: whether the others show as a density.
    """

    points: Ints
    is_density: bool


def shown_points(flat: Floats) -> Shown:
    """Return which points of a figure are drawn: all up to 100,000, else a seeded sample over their density."""
    from sde_core.geometry.projection import sample_rows

    if len(flat) <= MOST_POINTS:
        return Shown(points=np.arange(len(flat)), is_density=False)
    return Shown(points=sample_rows(len(flat), SAVED_POINTS), is_density=True)


def density(flat: Floats, *, cells: int = 160) -> tuple[Floats, Floats, Floats]:
    """Return how many points lie in each cell of a grid over the map: (y, x) counts, centres in x and in y."""
    counts, x_edges, y_edges = np.histogram2d(flat[:, 0], flat[:, 1], bins=cells)
    centres = [((e[1:] + e[:-1]) / 2).astype(np.float32) for e in (x_edges, y_edges)]
    return counts.T.astype(np.float32), centres[0], centres[1]
