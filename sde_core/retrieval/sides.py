"""Both directions of retrieval counted: what stands above and beside each right answer, and where the first stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.block_counts import count_by_blocks
from sde_core.retrieval.both_ways import Counts, KeptScores, count_both_ways
from sde_core.retrieval.links import as_link_pairs
from sde_core.retrieval.per_query import any_twin_places, first_places
from sde_core.retrieval.places import FirstPlaces
from sde_core.retrieval.scores import BlockScore, HubScore, Score, cosine_score, score_for
from sde_core.retrieval.twins import twin_classes, with_twins
from sde_core.vocabulary import DIRECTIONS

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
CountLinks: TypeAlias = Callable[[Floats, Floats, npt.NDArray[np.int64]], tuple[Counts, Counts]]
"""Counts every link both ways, of (texts, images, links), as `count_both_ways` does."""

# Scores held at one time: 16 MiB of float32, and three temporaries of the same size at most.
BLOCK_ENTRIES = 1 << 22
# Scores that rows of a table share: 128 MiB.
_KEPT_ENTRIES = 1 << 25


@dataclass(frozen=True, eq=False)
class UnitPairs:
    """What every ranking of the same vectors shares: unit rows, links, twins, and scores where they are kept.

    Attributes:
        images: (a, d) unit rows.
        texts: (b, d) unit rows, on the same device.
        links: (l, 2) of (text, image), ordered by text.
        kept: cosines, for who ranks with several scores; None where they are too many, or nobody does.
    """

    images: Tensor
    texts: Tensor
    links: Tensor
    kept: KeptScores | None = None

    @classmethod
    def of(
        cls, image: MatrixLike, text: MatrixLike, text_to_image: MatrixLike, *, keeps_scores: bool = False
    ) -> Self:
        """Return the pairs of two matrices.

        Args:
            image: (a, d) image embeddings, no zero row.
            text: (b, d) text embeddings, no zero row.
            text_to_image: as in `retrieval_ranks`.
            keeps_scores: whether several scores rank them.

        Raises:
            DataError: as in `retrieval_ranks`.
        """
        images, texts = unit_rows(image, "image"), unit_rows(text, "text")
        if images.shape[1] != texts.shape[1]:
            raise DataError(
                f"image and text must have the same width; got {images.shape[1]} and {texts.shape[1]}"
            )
        texts = texts.to(images.device)
        links = as_link_pairs(text_to_image, len(texts), len(images))
        fits = keeps_scores and images.is_cpu and len(images) * len(texts) <= _KEPT_ENTRIES
        return cls(images, texts, links, KeptScores(len(texts), len(images)) if fits else None)

    @cached_property
    def image_twins(self) -> Tensor:
        """(a,) of `twin_classes`."""
        return twin_classes(self.images)

    @cached_property
    def text_twins(self) -> Tensor:
        """(b,) of `twin_classes`."""
        return twin_classes(self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One direction, counted: unit rows that ask and those that answer, links of (query, item) and their counts."""

    queries: Tensor
    gallery: Tensor
    links: Tensor
    counts: Counts
    first: FirstPlaces
    any_twin: Callable[[], FirstPlaces]


def counted_sides(
    pairs: UnitPairs, score: Score, block_entries: int, count: CountLinks | None, *, twins: bool = True
) -> tuple[Side, Side]:
    """Return both directions, first that of texts that ask; without ``twins`` none is told from the scores."""
    images, texts, links = pairs.images, pairs.texts, pairs.links
    if block_entries < 1:
        raise ConfigError(f"block_entries must be at least 1; got {block_entries}")
    score = score_for(score, images, texts)
    by_image = links[:, 1].argsort(stable=True)
    asked = (links, links[by_image].flip(1))
    sides = tuple(zip((texts, images), (images, texts), asked, strict=True))
    if images.is_cpu and (score is cosine_score or isinstance(score, HubScore)):
        hubs = _hubs(score, pairs)
        given = (texts.numpy(), images.numpy(), links.numpy())
        if count is not None and score is cosine_score:
            from_text, from_image = count(*given)
        else:
            from_text, from_image = count_both_ways(
                *given, hubs, block_entries=block_entries, kept=pairs.kept
            )
        order = by_image.numpy()
        counts = (from_text, Counts(from_image.above[order], from_image.tied[order]))
        equal = (lambda: pairs.image_twins, lambda: pairs.text_twins)
        of_text, of_image = (_by_formula(*each) for each in zip(sides, counts, equal, strict=True))
    else:
        of_text, of_image = (
            _by_scores(*side, score(side[1], direction), block_entries, twins=twins)
            for side, direction in zip(sides, DIRECTIONS, strict=True)
        )
    return of_text, of_image


def first_right_places(
    image: MatrixLike, text: MatrixLike, text_to_image: MatrixLike, *, score: Score = cosine_score
) -> tuple[FirstPlaces, FirstPlaces]:
    """Return where the first right item of each text, and of each image, stands: the `first` of `retrieval_ranks`.

    For who needs no more of the ranks, in two thirds of the time on a small set.

    Args:
        image: (n_images, d) image embeddings, no zero row.
        text: (n_texts, d) text embeddings, no zero row.
        text_to_image: as in `retrieval_ranks`.
        score: how queries are scored.

    Raises:
        DataError: as in `retrieval_ranks`.
    """
    pairs = UnitPairs.of(image, text, text_to_image)
    by_text, by_image = counted_sides(pairs, score, BLOCK_ENTRIES, None, twins=False)
    return by_text.first, by_image.first


def _hubs(score: Score, pairs: UnitPairs) -> tuple[Floats | None, Floats | None]:
    """Return what a score takes off the cosines with each image and with each text; equal for equal items."""
    if not isinstance(score, HubScore):
        return None, None
    galleries = ((pairs.images, pairs.image_twins), (pairs.texts, pairs.text_twins))
    of_images, of_texts = (
        score.hubs(gallery, direction).double()[classes].numpy()
        for (gallery, classes), direction in zip(galleries, DIRECTIONS, strict=True)
    )
    return of_images, of_texts


def _by_formula(asked: tuple[Tensor, Tensor, Tensor], counts: Counts, classes: Callable[[], Tensor]) -> Side:
    """Return one direction where equal items are known to score the same."""
    queries, gallery, links = asked
    first = first_places(links, counts, len(queries))
    twin = partial(any_twin_places, links, counts, first)
    return Side(queries, gallery, links, counts, first, lambda: twin(classes()))


def _by_scores(
    queries: Tensor, gallery: Tensor, links: Tensor, score: BlockScore, block_entries: int, *, twins: bool
) -> Side:
    """Return one direction from scores of any kind, which may tell equal items apart."""
    with_all = with_twins(links, twin_classes(gallery).cpu()) if twins else links
    sets = [links] if len(with_all) == len(links) else [links, with_all]
    moved = [pairs.to(queries.device) for pairs in sets]
    found = count_by_blocks(queries, score, moved, len(gallery), block_entries)
    places = [first_places(pairs, each, len(queries)) for pairs, each in zip(sets, found, strict=True)]
    return Side(queries, gallery, links, found[0], places[0], lambda: places[-1])
