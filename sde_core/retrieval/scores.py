"""How queries are scored against a gallery, and which way is looked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from sde_core.errors import ConfigError
from sde_core.vocabulary import Direction

BlockScore: TypeAlias = Callable[[Tensor], Tensor]
"""(b, d) unit query rows -> (b, g) scores against a whole gallery; larger is better."""

Score: TypeAlias = Callable[[Tensor, Direction], BlockScore]
"""(g, d) unit gallery rows and the direction -> how one block of queries is scored."""


def cosine_score(gallery: Tensor, direction: Direction) -> BlockScore:
    """Return the plain score: the cosine between unit query rows and unit gallery rows (6.13)."""
    return lambda queries: queries @ gallery.T


@dataclass(frozen=True, slots=True, eq=False)
class HubScore:
    """A score that ranks as the cosine less a value for each gallery item: one product serves both directions.

    Attributes:
        score: the whole score, for who looks at its values.
        hubs: (g, d) unit gallery rows and the direction -> (g,) values taken off the cosines, in their unit.
    """

    score: Score
    hubs: Callable[[Tensor, Direction], Tensor]

    def __call__(self, gallery: Tensor, direction: Direction) -> BlockScore:
        """Return how one block of queries is scored."""
        return self.score(gallery, direction)


@dataclass(frozen=True, slots=True, eq=False)
class TransductiveScore:
    """A score that reads all queries of the test before it ranks any: `score_for` gives it to them.

    Attributes:
        seeing: (a, d) unit images and (b, d) unit texts that are ranked -> their score.
    """

    seeing: Callable[[Tensor, Tensor], Score]

    def __call__(self, gallery: Tensor, direction: Direction) -> BlockScore:
        """Refuse to score queries one by one.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            "a transductive score must see all queries at once; rank with retrieval_ranks or Treatment.ranks"
        )


def score_for(score: Score, images: Tensor, texts: Tensor) -> Score:
    """Return the score of these (a, d) unit images and (b, d) unit texts; one that is inductive comes back as it is."""
    return score.seeing(images, texts) if isinstance(score, TransductiveScore) else score
