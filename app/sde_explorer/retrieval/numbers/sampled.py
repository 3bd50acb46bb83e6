"""Ranks of some queries of a part among everything there is in it."""

from dataclasses import replace

import sde_core as sde
from sde_core.retrieval.some_queries import See, draw_queries, ranks_of_queries
from sde_explorer.readings.headline import steps_of_size
from sde_explorer.retrieval.numbers.parts import SEED, Part


def steps_of(part: Part) -> tuple[int, ...]:
    """Return how many queries each way are asked one after another; 0 is all of them.

    Args:
        part: that is asked.
    """
    return steps_of_size(max(len(part.images), len(part.texts)))


def sampled(part: Part, most: int) -> Part:
    """Return the part of which at most so many seeded queries ask each way; the galleries stay whole.

    Args:
        part: that is asked.
        most: queries each way; 0 is all of them.
    """
    asked = draw_queries(part.embeddings.links, most, seed=SEED)
    return part if asked is None else replace(part, asked=asked)


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
    return ranks_of_queries(image, text, made.links, part.asked, score=treatment.score, see=see)
