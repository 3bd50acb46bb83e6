"""Ranks of some queries among everything there is: what recall of a large set is known from within seconds."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import DIRECTIONS, Direction
from sde_explorer.retrieval.numbers.parts import SEED, Part

if TYPE_CHECKING:
    from torch import Tensor

Ints = npt.NDArray[np.int64]
STEPS = (1_000, 4_000)
"""Queries each way that are asked at first, and then; all of them where there are hardly more."""
WHOLE = 6_000
"""Queries each way up to which all of them are asked at once."""

See = Callable[[Direction, Ints], None]


def steps_of(part: Part) -> tuple[int, ...]:
    """Return how many queries each way are asked one after another; 0 is all of them.

    Args:
        part: that is asked.
    """
    return (0,) if max(len(part.images), len(part.texts)) <= WHOLE else STEPS


def sampled(part: Part, most: int) -> Part:
    """Return the part of which at most so many seeded queries ask each way; the galleries stay whole.

    Recall among fewer items would be another number; recall of fewer queries is the same one, less exactly.

    Args:
        part: that is asked.
        most: queries each way; 0 is all of them.
    """
    made = part.embeddings
    asked = {}
    for way in DIRECTIONS:
        linked = np.unique(made.links[:, 0 if way.query == "text" else 1])
        if not most or len(linked) <= most:
            return part
        asked[way] = np.sort(np.random.default_rng(SEED).permutation(linked)[:most])
    return replace(part, asked=asked)


def sampled_ranks(part: Part, treatment: sde.Treatment, see: See) -> sde.RetrievalRanks:
    """Return the ranks of the queries that ask, each among the whole gallery.

    Args:
        part: of `sampled`, some of whose queries ask.
        treatment: fitted.
        see: called with the direction and what stands first for the next queries, by its row of the gallery; an
            exception that it raises stops the work.
    """
    assert part.asked is not None
    made = part.embeddings
    image, text = treatment.mapped(made.image, made.text)
    found = {
        way: _one_way(way, part.asked[way], image, text, made.links, treatment, see) for way in DIRECTIONS
    }
    return sde.RetrievalRanks(
        image_retrieval=found[Direction.IMAGE_RETRIEVAL].image_retrieval,
        text_retrieval=found[Direction.TEXT_RETRIEVAL].text_retrieval,
    )


def _one_way(
    way: Direction,
    asked: Ints,
    image: "Tensor",
    text: "Tensor",
    links: Ints,
    treatment: sde.Treatment,
    see: See,
) -> sde.RetrievalRanks:
    """Return ranks of which one direction counts: that of the queries that ask."""
    import torch

    asks, answers = (0, 1) if way.query == "text" else (1, 0)
    kept = links[np.isin(links[:, asks], asked)]
    gallery = (text, image)[answers]
    # What is right stands first: blocks of the other direction that hold no right answer are left out.
    right = np.unique(kept[:, answers])
    order = np.concatenate([right, np.setdiff1d(np.arange(len(gallery)), right)])
    place = np.empty(len(gallery), np.int64)
    place[order] = np.arange(len(gallery))
    pairs = np.empty_like(kept)
    pairs[:, asks] = np.searchsorted(asked, kept[:, asks])
    pairs[:, answers] = place[kept[:, answers]]

    def watch(direction: Direction, scores: "Tensor") -> None:
        if direction is way:
            see(way, order[scores.argmax(dim=1).cpu().numpy()])

    score = sde.watched(sde.Treatment(name=treatment.name, score=treatment.score), watch).score
    sides = [text, image]
    sides[asks] = sides[asks][torch.from_numpy(asked)]
    sides[answers] = gallery[torch.from_numpy(order)]
    return sde.retrieval_ranks(sides[1], sides[0], pairs, score=score)
