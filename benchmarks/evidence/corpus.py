"""The bundled pictures and captions as rows, without any vector: who belongs to whom, and what is one concept."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.encoders.recipe.pairs import Picture, read_split
from sde_core.retrieval.links import Ints, grouped

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Pictures and distinct captions.

    Attributes:
        pictures: (m,) in the order of the shards, train before val before test.
        captions: (c,) distinct captions.
        links: (l, 2) of (caption row, picture row), grouped by picture, the primary caption first.
    """

    pictures: tuple[Picture, ...]
    captions: tuple[str, ...]
    links: Ints

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> "Corpus":
        """Return the corpus of some pictures."""
        rows: dict[str, int] = {}
        links = [
            (rows.setdefault(words, len(rows)), image)
            for image, picture in enumerate(pictures)
            for words in dict.fromkeys(picture.captions)
        ]
        return cls(tuple(pictures), tuple(rows), grouped(np.array(links, dtype=np.int64)))

    @classmethod
    def bundled(cls) -> "Corpus":
        """Return both bundled sets."""
        return cls.of([picture for split in SPLITS for picture in read_split(split)])

    def column(self, name: str) -> npt.NDArray[np.str_]:
        """Return (m,) values of a metadata column, "" where a picture has none; "dataset" works too."""
        if name == "dataset":
            return np.array([p.dataset for p in self.pictures])
        return np.array([str(p.metadata.get(name, "")) for p in self.pictures])

    def rows(self, dataset: str = "", split: str = "", styles: Sequence[str] = ()) -> Ints:
        """Return the picture rows of a set, a split and some styles; empty means all."""
        kept = np.ones(len(self.pictures), dtype=bool)
        if dataset:
            kept &= self.column("dataset") == dataset
        if split:
            kept &= self.column("split") == split
        if styles:
            kept &= np.isin(self.column("style"), list(styles))
        return np.flatnonzero(kept)

    def texts_of(self, images: Ints) -> Ints:
        """Return the caption rows of some pictures, ascending."""
        return np.unique(self.links[np.isin(self.links[:, 1], images), 0])

    def positions(self, images: Ints) -> tuple[Ints, Ints]:
        """Return the caption rows of ``images`` (ascending) and the links as positions among both."""
        inside = self.links[np.isin(self.links[:, 1], images)]
        texts = np.unique(inside[:, 0])
        where = np.searchsorted(texts, inside[:, 0]), np.searchsorted(images, inside[:, 1])
        return texts, np.stack(where, axis=1)

    @cached_property
    def concept(self) -> npt.NDArray[np.str_]:
        """(m,) what a picture shows, by set; two styles of one emoji share it."""
        return np.array([f"{p.dataset}/{p.metadata['concept']}" for p in self.pictures])

    @cached_property
    def cluster(self) -> Ints:
        """(m,) number of what a picture is drawn again with: all that shares a caption, a concept or a family."""
        edges = [self.links[:, ::-1]]
        nodes = len(self.pictures) + len(self.captions)
        edges[0] = np.stack([self.links[:, 1], self.links[:, 0] + len(self.pictures)], axis=1)
        for names in (self.concept, self._family):
            _, number = np.unique(names, return_inverse=True)
            edges.append(np.stack([np.arange(len(names)), number + nodes], axis=1))
            nodes += int(number.max()) + 1
        a, b = np.concatenate(edges).T
        graph = coo_array((np.ones(len(a)), (a, b)), shape=(nodes, nodes))
        found: Ints = connected_components(graph, directed=False)[1][: len(self.pictures)].astype(np.int64)
        return found

    @property
    def _family(self) -> npt.NDArray[np.str_]:
        names = self.column("family")
        return np.where(names == "", self.concept, names)

    def text_cluster(self, texts: Ints) -> Ints:
        """Return (k,) the cluster of each caption row, that of its pictures."""
        first = dict(zip(self.links[::-1, 0].tolist(), self.links[::-1, 1].tolist(), strict=True))
        return self.cluster[[first[int(row)] for row in texts]]
