"""What retrieval changes: every row of the table on pictures that nothing was fitted on, each beside raw."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_core.vocabulary import DIRECTIONS, Centring, Direction
from sde_explorer.readings.gains import curriculum_of, kind_of

if TYPE_CHECKING:
    from torch import Tensor

    from sde_explorer.state import State

Ints = npt.NDArray[np.int64]

KS = (1, 5, 10)
SEED = 0
"""Of the parts and of the bootstrap; the report's default as well, so that both show equal numbers."""

RAW = "raw"
TREATED = ("sde-enhanced", "sde-pruned")
"""Rows that follow the thresholds of the page."""

WAYS = {way.label: way for way in DIRECTIONS}
METRICS = {
    "R@1": "recall@1",
    "R@5": "recall@5",
    "R@10": "recall@10",
    "MRR": "mrr",
    "median rank": "median_rank",
}
"""Names that people see, and how they end in the table of `sde_core`."""

HALVES = (0.5, 0.5)
THIRDS = (0.5, 0.25, 0.25)
"""Fitted on, chosen on, reported on; the first part is that of the halves."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some pictures of a set with their captions.

    Attributes:
        embeddings: the part as a set; it is the gallery of its own queries.
        images: (a,) row of each picture in the whole set.
        texts: (b,) row of each caption in the whole set.
        n_images: pictures of the whole set.
    """

    embeddings: sde.EmbeddingSet
    images: Ints
    texts: Ints
    n_images: int

    def queries(self, way: Direction) -> Ints:
        """Return a number for each query: the row of a picture, or n_images plus the row of a caption."""
        return self.images if way is Direction.TEXT_RETRIEVAL else self.texts + self.n_images


def parts_of(
    embeddings: sde.EmbeddingSet, captions: str, shares: Sequence[float] = HALVES
) -> tuple[Part, ...]:
    """Return seeded parts that share no picture and no caption.

    Args:
        embeddings: the set.
        captions: "primary" keeps each picture's first caption, "all" every one, in all parts but the first: what
            is fitted on knows all captions.
        shares: of the pictures, as of `hold_out`.

    Raises:
        DataError: too few pictures.
    """
    masks = sde.hold_out(embeddings, shares, seed=SEED)
    return tuple(
        part_of(embeddings, np.flatnonzero(mask), primary=captions == "primary" and i > 0)
        for i, mask in enumerate(masks)
    )


def part_of(embeddings: sde.EmbeddingSet, images: Ints, *, primary: bool) -> Part:
    """Return the part with given pictures, ascending, and all of their captions or only the primary ones."""
    links = embeddings.links[np.isin(embeddings.links[:, 1], images)]
    made = embeddings.select(images)
    texts = np.unique(links[:, 0])
    if primary:
        made, texts = made.with_primary_captions(), np.unique(embeddings.primary_text[images])
    return Part(embeddings=made, images=images, texts=texts, n_images=embeddings.n_images)


def treatment_config(state: "State") -> sde.TreatmentConfig:
    """Return what the state's rows are fitted with; the strong mode that follows a loss amplifies here."""
    curriculum = curriculum_of(state)
    if curriculum.strong == "adversarial":
        curriculum = replace(curriculum, strong="amplify")
    return sde.TreatmentConfig(
        kind="prune" if kind_of(state) == "pruned" else "enhance",
        rule=state.rule,
        center=Centring(state.center),
        noise_factor=state.noise,
        strong_factor=state.strong,
        progress=state.t,
        curriculum=curriculum,
        seed=SEED,
    )


def baseline_rows() -> tuple[str, ...]:
    """Return the rows that follow no threshold, raw left out, in the order of the table."""
    return tuple(name for name in sde.comparison_names() if name not in (RAW, *TREATED))


@dataclass(frozen=True, kw_only=True, eq=False)
class RecallRow:
    """One row of the table.

    Attributes:
        compared: ranks, metrics, intervals, and differences to raw.
        first: what stands first for every query, by direction: (q,) rows of the part's gallery.
        gap: distance between the mean picture and the mean caption of the part, as this row maps them.
        moves: whether the row moves vectors; one that only scores leaves the gap as it is.
    """

    compared: sde.ComparedRetrieval
    first: dict[Direction, Ints]
    gap: float
    moves: bool

    @property
    def name(self) -> str:
        """Name of the row."""
        return self.compared.name


def recall_rows(
    part: Part,
    treatments: Sequence[sde.Baseline],
    report: Callable[[str, float], None],
    *,
    raw: sde.RetrievalRanks | None = None,
) -> Iterator[RecallRow]:
    """Yield each row as soon as it is measured; at most some megabytes of scores are held at once.

    Args:
        part: that no treatment was fitted on.
        treatments: the rows.
        report: called with the row's name and the share of all rows that is done, after each block of queries; an
            exception that it raises stops the work.
        raw: ranks of the same queries that rows are compared with; None takes those of the first row.
    """
    made = part.embeddings
    for done, treatment in enumerate(treatments):
        report(treatment.name, done / len(treatments))
        seen = _Firsts(made, partial(_report_row, report, treatment.name, done, len(treatments)))
        [row] = sde.compared_rows(
            made.image,
            made.text,
            made.links,
            [sde.watched(treatment, seen)],
            raw=raw,
            ks=KS,
            resampling=sde.Resampling(seed=SEED),
        )
        raw = raw or row.ranks
        yield RecallRow(
            compared=row,
            first=seen.first,
            gap=gap_of(made, treatment),
            moves=treatment.image_map is not None or treatment.text_map is not None,
        )


def _report_row(report: Callable[[str, float], None], name: str, done: int, total: int, share: float) -> None:
    report(name, (done + share) / total)


class _Firsts:
    """What stands first for each query, taken from the scores as they pass by.

    Written into arrays that are there from the start: small pieces that are kept between large ones that are not
    would hold on to gigabytes of freed memory.
    """

    def __init__(self, made: sde.EmbeddingSet, report: Callable[[float], None]) -> None:
        sizes = {way: len(made.vectors(way.query)) for way in DIRECTIONS}
        self.first = {way: np.empty(size, np.int64) for way, size in sizes.items()}
        self._done: dict[Direction, int] = dict.fromkeys(sizes, 0)
        self._report = report

    def __call__(self, way: Direction, scores: "Tensor") -> None:
        start = self._done[way]
        self._done[way] = start + len(scores)
        self.first[way][start : start + len(scores)] = scores.argmax(dim=1).cpu().numpy()
        self._report(sum(self._done.values()) / sum(map(len, self.first.values())))


def gap_of(embeddings: sde.EmbeddingSet, treatment: sde.Baseline) -> float:
    """Return the modality gap of the pairs of a set as a treatment maps them."""
    import torch

    image, text = (torch.from_numpy(np.array(x)) for x in embeddings.paired())
    return sde.modality_gap(
        image if treatment.image_map is None else treatment.image_map(image),
        text if treatment.text_map is None else treatment.text_map(text),
    )


def in_order(rows: Sequence[RecallRow]) -> list[RecallRow]:
    """Return the rows in the order of the table, raw first."""
    order = {name: i for i, name in enumerate(sde.comparison_names())}
    return sorted(rows, key=lambda row: order[row.name])
