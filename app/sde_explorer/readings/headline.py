"""The numbers at the top of the overview: of a small set all at once, of a large one some queries and pairs first."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import KS
from sde_explorer.readings.metrics import SAMPLE, sampled_pairs

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.retrieval.scores import BlockScore
    from sde_core.vocabulary import Direction

STEPS = (1_000, 4_000)
"""Queries each way that are asked at first, and then; all of them where there are hardly more."""
WHOLE = 6_000
"""Queries each way up to which all of them are asked at once."""

Ints = npt.NDArray[np.int64]
Report = Callable[[float, str], None]


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Retrieval of the vectors as they are, gallery of primary captions.

    Attributes:
        metrics: by CLIP_benchmark's names.
        chance: what a random ranking reaches, by the same names.
        n_texts: captions in that gallery.
        n_asked: seeded queries each way; 0 is all of them.
        intervals: 95 % of the metrics; none where all queries were asked.
    """

    metrics: dict[str, float]
    chance: dict[str, float]
    n_texts: int
    n_asked: int = 0
    intervals: dict[str, sde.Interval] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """How pictures and primary captions sit on the sphere.

    Attributes:
        values: of `sde_core.alignment_metrics`; empty with fewer than 2 pairs.
        n_pairs: of a seeded sample; 0 is all of them.
    """

    values: dict[str, float]
    n_pairs: int = 0


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The numbers at the top of the overview, as far as they are there.

    Attributes:
        recall: None while it is computed.
        aligned: None while it is computed.
    """

    recall: Recall | None
    aligned: Aligned | None


def steps_of_size(n_queries: int) -> tuple[int, ...]:
    """Return how many queries each way are asked one after another; 0 is all of them.

    Args:
        n_queries: of the way that has more.
    """
    return (0,) if n_queries <= WHOLE else STEPS


def is_large(embeddings: sde.EmbeddingSet) -> bool:
    """Return whether some queries and pairs come first."""
    return max(embeddings.n_images, embeddings.n_texts) > WHOLE


def aligned(embeddings: sde.EmbeddingSet, *, whole: bool = True) -> Aligned:
    """Return how the primary pairs are aligned.

    Args:
        embeddings: the set.
        whole: all pairs; False takes a seeded sample of more than 8,192.
    """
    image, text = embeddings.paired()
    n_pairs = 0 if whole or len(image) <= SAMPLE else SAMPLE
    if n_pairs:
        image, text = sampled_pairs(image, text)
    return Aligned(values=sde.alignment_metrics(image, text) if len(image) > 1 else {}, n_pairs=n_pairs)


def recall(embeddings: sde.EmbeddingSet, queries: int = 0, report: Report | None = None) -> Recall:
    """Return retrieval with primary captions as gallery.

    Args:
        embeddings: the set.
        queries: seeded, each way, each among the whole gallery; 0 asks all.
        report: called with the share that is done; an exception that it raises stops the work.
    """
    from sde_core.retrieval.ranking import metrics_from_ranks, retrieval_metrics, retrieval_ranks
    from sde_core.retrieval.some_queries import draw_queries, ranks_of_queries
    from sde_core.sets.evaluation import chance_recalls, gallery_of

    made = gallery_of(embeddings, "primary")
    chance = chance_recalls(made.links, made.n_texts, made.n_images, KS)
    asked = draw_queries(made.links, queries)
    total, done = 2 * queries if asked else made.n_texts + made.n_images, 0

    def see(_: "Direction", first: Ints) -> None:
        nonlocal done
        done += len(first)
        if report is not None:
            report(min(done / total, 1.0), f"{min(done, total):,} of {total:,} queries")

    if asked is None and report is None:  # the fastest way, which tells nothing before its end
        metrics = retrieval_metrics(made.image, made.text, made.links, ks=KS)
        return Recall(metrics=metrics, chance=chance, n_texts=made.n_texts)
    if asked is None:
        ranks = retrieval_ranks(made.image, made.text, made.links, score=watched_cosine(see))
        return Recall(metrics=metrics_from_ranks(ranks, KS), chance=chance, n_texts=made.n_texts)
    ranks = ranks_of_queries(made.image, made.text, made.links, asked, see=see)
    return Recall(
        metrics=metrics_from_ranks(ranks, KS),
        chance=chance,
        n_texts=made.n_texts,
        n_asked=queries,
        intervals=sde.retrieval_intervals(ranks, KS),
    )


def watched_cosine(
    see: "Callable[[Direction, Ints], None]",
) -> "Callable[[Tensor, Direction], BlockScore]":
    """Return the cosine as a score whose every block is seen.

    Args:
        see: called with the direction and as many zeros as queries are asked next; an exception of it passes through.
    """

    def score(gallery: "Tensor", direction: "Direction") -> "BlockScore":
        def block(queries: "Tensor") -> "Tensor":
            see(direction, np.zeros(len(queries), np.int64))
            return queries @ gallery.T

        return block

    return score
