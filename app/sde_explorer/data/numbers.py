"""The review of pairs as a value: what was decided, in which order, and what is left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import sde_core as sde

Decision = Literal["keep", "drop", "next"]
DECISIONS: tuple[Decision, ...] = ("keep", "drop", "next")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Review:
    """Decisions about links, the latest last; each link at most once.

    >>> review = Review().decided(4, "drop").decided(2, "next").decided(7, "keep")
    >>> review.dropped, review.current([4, 2, 7, 9]), review.undone().current([4, 2, 7, 9])
    ((4,), 9, 7)
    """

    history: tuple[tuple[int, Decision], ...] = ()

    @classmethod
    def of(cls, history: Iterable[tuple[int, str]]) -> "Review":
        """Return the review of decisions that were kept; one of another kind is left out, the first of a link counts.

        >>> Review.of([(3, "drop"), (4, "burn"), (3, "keep")]).history
        ((3, 'drop'),)
        """
        review = cls()
        for link, said in history:
            for decision in DECISIONS:
                if said == decision:
                    review = review.decided(link, decision)
        return review

    def decided(self, link: int, decision: Decision) -> "Review":
        """Return the review with one more decision; of a link that is decided already, the same review."""
        if any(known == link for known, _ in self.history):
            return self
        return replace(self, history=(*self.history, (link, decision)))

    def undone(self) -> "Review":
        """Return the review without its latest decision."""
        return replace(self, history=self.history[:-1])

    def current(self, order: Sequence[int] | Ints) -> int | None:
        """Return the first link of an order that nothing was decided about; None at its end."""
        done = {link for link, _ in self.history}
        return next((int(link) for link in order if int(link) not in done), None)

    @property
    def dropped(self) -> tuple[int, ...]:
        """The links that go, in the order of the decisions."""
        return self._of("drop")

    @property
    def kept(self) -> tuple[int, ...]:
        """The links that were looked at and stay."""
        return self._of("keep")

    def _of(self, wanted: Decision) -> tuple[int, ...]:
        return tuple(link for link, decision in self.history if decision == wanted)


def nearest_captions(
    embeddings: "sde.EmbeddingSet", image_row: int, count: int = 3
) -> list[tuple[int, float]]:
    """Return the texts nearest to an image that are not its own, with their cosines, the nearest first."""
    image = embeddings.image[image_row].astype(np.float32)
    cosines = np.empty(embeddings.n_texts, np.float32)
    for start in range(0, embeddings.n_texts, 8_192):
        block = embeddings.text[start : start + 8_192].astype(np.float32)
        cosines[start : start + len(block)] = block @ image / np.linalg.norm(block, axis=1)
    cosines /= np.linalg.norm(image)
    own = embeddings.links[embeddings.links[:, 1] == image_row, 0]
    cosines[own] = -np.inf
    first = np.argsort(-cosines, kind="stable")[: min(count, embeddings.n_texts - len(own))]
    return [(int(row), float(cosines[row])) for row in first]
