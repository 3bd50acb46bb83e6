"""The guided tour: its steps, what each sets, and the directions and searches that it shows, found by computation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sde_core.vocabulary import BANDS, Direction
from sde_explorer.retrieval.numbers.queries import QueryCard, extremes
from sde_explorer.retrieval.numbers.table import Part, RecallRow
from sde_explorer.search.numbers import EXACT_ROWS, N_HITS, right_answers, search
from sde_explorer.state import DEFAULT, State
from sde_explorer.subspaces.numbers.directions import DirectionTable

if TYPE_CHECKING:
    import torch

    import sde_core as sde
    from sde_core.geometry.search import NeighbourIndex
    from sde_core.partition import Bands

FACTOR = 1.5
"""By which the second step asks to move the noise threshold."""

_CANDIDATES = 60
"""Queries that moved most, among which one is looked for whose move the page shows as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the tour.

    Attributes:
        title: above its words.
        page: title of the view that it stands on.
        fields: of the state, where they differ from the default.
    """

    title: str
    page: str
    fields: Mapping[str, Any] = field(default_factory=dict)


STEPS = (
    Step(title="What is a spectrum?", page="Spectrum", fields={"overlay": "none"}),
    Step(title="Strong, weak and noise", page="Spectrum", fields={"overlay": "none"}),
    Step(title="Is it really noise?", page="Spectrum"),
    Step(title="What a strong direction means", page="Subspaces"),
    Step(title="What a noise direction means", page="Subspaces"),
    Step(title="What each band knows", page="Subspaces"),
    Step(title="Enhancement, and its bound", page="Curriculum", fields={"transform": "enhanced"}),
    Step(
        title="A search that enhancement helps",
        page="Retrieval",
        fields={"transform": "enhanced", "search": "pair"},
    ),
    Step(
        title="A search that pruning hurts",
        page="Retrieval",
        fields={"transform": "pruned", "search": "pair"},
    ),
    Step(title="Where the method does not help", page="Retrieval", fields={"transform": "enhanced"}),
)
"""The steps; the field `tour` of the state counts them from 1."""

STRONG, NOISE, KNOWS, HELPS, HURTS = 4, 5, 6, 8, 9
"""Numbers of the steps that need a direction or a search."""

DATA = DEFAULT
"""The set that the tour runs on is the default one."""


def step_state(number: int, base: State = DATA, **found: Any) -> State:  # noqa: ANN401  (any field's)
    """Return the state that a step sets.

    Args:
        number: of the step, from 1.
        base: what the step keeps: the sample, or the set that is presented.
        found: fields that were found by computation, such as a direction.
    """
    return replace(base, tour=number, **{**STEPS[number - 1].fields, **found})


def presented(state: State) -> State:
    """Return what a presentation keeps from step to step: the set and its thresholds."""
    kept = ("data", "encoder", "part", "whole", "center", "rule", "noise", "strong")
    return replace(DATA, present=1, **{name: getattr(state, name) for name in kept})


def telling_direction(number: int, table: DirectionTable, report: "Bands") -> int:
    """Return the direction, from 1, that step 4 or 5 shows; 0 if its band is empty.

    Of the strong band the one along which pictures and captions agree most; of the noise band the middle one.
    """
    band = "strong" if number == STRONG else "noise"
    members = np.flatnonzero(report.labels == BANDS.index(band))
    if not len(members):
        return 0
    if number == NOISE:
        return int(members[len(members) // 2]) + 1
    return int(members[np.nan_to_num(table.correlation[members], nan=-1.0).argmax()]) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A caption of the set that searches its picture.

    Attributes:
        pair: row of the picture.
        caption: what is searched with.
        before: rank of the best right answer among all pictures.
        after: the same after the treatment.
    """

    pair: int
    caption: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TourSearches:
    """What the steps on searching show.

    Attributes:
        rows: raw, enhanced and pruned, measured on the half of the set that nothing was fitted on.
        helped: a search that enhancement helps; None if there is none.
        hurt: a search that pruning hurts; None if there is none.
    """

    rows: tuple[RecallRow, RecallRow, RecallRow]
    helped: Example | None
    hurt: Example | None

    def pair(self, number: int) -> int | None:
        """Return the row of the pair that a step searches with, or None."""
        found = {HELPS: self.helped, HURTS: self.hurt}.get(number)
        return None if found is None else found.pair


@dataclass(frozen=True, kw_only=True, eq=False)
class Spaces:
    """The pictures before and after, and how a caption gets there.

    Attributes:
        before: index of the pictures as they are.
        after: index of the transformed pictures.
        text_map: the transform of the captions.
    """

    before: "NeighbourIndex"
    after: "NeighbourIndex"
    text_map: "sde.AffineMap"

    def ranks(self, embeddings: "sde.EmbeddingSet", text: int) -> tuple[float, float]:
        """Return the rank of the best right picture for a caption, before and after."""
        query = _rows(embeddings.text[text : text + 1])
        right = right_answers(embeddings, "pictures", text=text)
        before = search(self.before, query).best_rank(right)
        after = search(self.after, self.text_map(query)).best_rank(right)
        return before or float("nan"), after or float("nan")


def spaces(embeddings: "sde.EmbeddingSet", image_map: "sde.AffineMap", text_map: "sde.AffineMap") -> Spaces:
    """Return both spaces of the whole set, as the Retrieval view searches them."""
    import sde_core as sde

    image = _rows(embeddings.image)
    return Spaces(
        before=sde.build_index(image, exact_rows=EXACT_ROWS),
        after=sde.build_index(image_map(image), exact_rows=EXACT_ROWS),
        text_map=text_map,
    )


def example(
    embeddings: "sde.EmbeddingSet",
    part: Part,
    rows: tuple[RecallRow, RecallRow],
    both: Spaces,
    *,
    helps: bool,
) -> Example | None:
    """Return the caption whose rank moved most on ``part`` and moves likewise in the whole set, where it can be seen.

    Args:
        embeddings: the whole set.
        part: that nothing was fitted on.
        rows: raw, and the treatment's.
        both: the whole set before and after the same treatment.
        helps: whether the answer is to stand earlier afterwards, or later.
    """
    won, lost = extremes(part, *rows, Direction.IMAGE_RETRIEVAL, _CANDIDATES)
    return _first(embeddings, won if helps else lost, both, helps=helps)


def _first(
    embeddings: "sde.EmbeddingSet", cards: Iterable[QueryCard], both: Spaces, *, helps: bool
) -> Example | None:
    for card in cards:
        pairs = np.flatnonzero(embeddings.primary_text == card.query)
        if not len(pairs):
            continue
        before, after = both.ranks(embeddings, card.query)
        best, worst = (after, before) if helps else (before, after)
        # The right answer is among the pictures that one side shows, and not on the other.
        if best <= N_HITS < worst:
            return Example(
                pair=int(pairs[0]), caption=embeddings.captions[card.query], before=before, after=after
            )
    return None


def _rows(rows: "npt.NDArray[np.float32]") -> "torch.Tensor":
    import torch

    return torch.from_numpy(np.array(rows, np.float32))
