"""Which directions of an embedding set know a column, and in which band a column lives (docs/method.md, section 8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.knowledge.accumulate import FEWEST_PARTS, accumulated
from sde_core.knowledge.asked import asked_columns, asked_side, given_column
from sde_core.knowledge.columns import Column, Kind
from sde_core.knowledge.explained import (
    Explained,
    Moments,
    after_chance,
    effects,
    explained,
    false_discoveries,
)
from sde_core.knowledge.given import beside, explained_beyond, n_parameters
from sde_core.knowledge.permutation import Null, null_of, tails_of
from sde_core.knowledge.result import BandKnowledge, ColumnKnowledge
from sde_core.knowledge.rows import rows_of
from sde_core.partition import Partition, partition_spectrum
from sde_core.spectra.spectrum import Spectrum
from sde_core.vocabulary import Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

N_RESAMPLES = 200
_MOST_RESAMPLED = 160  # numbers of a model whose every draw is solved anew
_DRAWS = 40  # at a time: more take much memory, of fewer every sum is read more often
RATE = 0.05
"""Share of false discoveries that is accepted, and the level of the chance line."""


def band_knowledge(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | Column | npt.ArrayLike | None] | None = None,
    *,
    side: Modality | Literal["image", "text"] = Modality.IMAGE,
    spectrum: Spectrum | None = None,
    partition: Partition | None = None,
    given: str = "",
    twins: npt.ArrayLike | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> BandKnowledge:
    """Return which directions know which columns of a set, and in which band each column lives.

    Of each direction and column: the share of the coefficients' variance that lies between the values (of numbers, the
    squared correlation; of hues, of cosine and sine), less what chance gives, with the p-value of a permutation of
    the rows. Summed with the energies it says where a column lives. A share of variance is not what a probe can
    read. Columns that go together share what they know.

    Args:
        embeddings: the set; texts inherit the values of their images, each image weighing equally.
        columns: names of metadata columns; or name -> kind ("category", "number", "hue", None decides), or
            name -> (n_images,) values of your own, or of text (n_texts,) for ``side="text"``, or a `Column`. None
            takes all of the metadata; `set_columns` finds more.
        side: whose directions.
        spectrum: of that side's vectors; None computes it, centred.
        partition: of the spectrum; None is rule "mp-iqr".
        given: name of a column, of those asked for or of the metadata, that is taken off first: what the others know
            beyond it, of what it leaves.
        twins: (m,) label of a group of near twins for each row of that side, drawn together by the bootstrap; None
            takes rows that are linked by shared captions.
        n_resamples: draws of the bootstrap; 0 leaves the intervals out.
        seed: of the bootstrap.
        progress: called with rows done and rows in all.

    Returns:
        `BandKnowledge`, with a `ColumnKnowledge` for every column asked for, also for those that say nothing.

    Raises:
        DataError: an unknown column, a length that fits neither images nor texts, or a spectrum of another width.
        ConfigError: an unknown side or kind.

    Cost: one product of rows and basis, O(m n r); memory O(values r).
    Source: [X] docs/method.md, equations (8.1) to (8.7).
    """
    modality, spectrum = asked_side(embeddings, side, spectrum)
    if partition is None:
        partition = partition_spectrum(spectrum)
    of_images, of_texts = asked_columns(embeddings, columns, modality)
    first = given_column(embeddings, columns, given, modality) if given else None
    if first is not None:
        of_images, of_texts = ([_less(c, first) for c in group] for group in (of_images, of_texts))
    n_given = n_parameters(first) if first is not None else 0
    done: list[_Done] = []
    for group, inherit in ((of_images, modality is Modality.TEXT), (of_texts, False)):
        group = [column for column in group if not column.reason]
        if not group:
            continue
        rows = rows_of(embeddings, modality, inherit=inherit, twins=twins, seed=seed)
        if not n_resamples:  # no draws of parts: all rows are one
            rows = replace(rows, part=np.zeros_like(rows.part), n_parts=1)
        tails = tails_of(rows, spectrum, seed)
        for column, moments in zip(group, accumulated(rows, group, spectrum, progress), strict=True):
            null = null_of(column, rows, tails, n_given)
            done.append(_Done(column=column, moments=moments, null=null, n_given=n_given))
    found = _tested(done, n_resamples, seed)
    return BandKnowledge(
        side=modality,
        columns=tuple(found.get(c.name) or _nothing(c, spectrum.rank) for c in (*of_images, *of_texts)),
        labels=partition.labels.cpu(),
        singular_values=spectrum.singular_values.cpu(),
        rule=partition.rule,
        given=given,
    )


def _less(column: Column, given: Column) -> Column:
    if column.name == given.name:
        return replace(column, reason="it is the column that was taken off")
    return beside(column, given)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Done:
    """A column with its sums and its permutation law."""

    column: Column
    moments: Moments
    null: Null | None
    n_given: int = 0

    def whole(self) -> Explained:
        """Return what the column explains over all rows."""
        n_parts = len(self.moments.weight)
        return self.of(torch.ones(1, n_parts, dtype=torch.float64))

    def of(self, times: Float[Tensor, "t f"]) -> Explained:
        """Return what it explains where each part counts so many times."""
        moments = self.moments.weighted(times)
        return explained_beyond(moments, self.n_given) if self.n_given else explained(moments)


def _tested(done: Sequence[_Done], n_resamples: int, seed: int) -> dict[str, ColumnKnowledge]:
    told = [(one, one.null, one.whole()) for one in done if one.null is not None]
    if not told:
        return {}
    p = torch.stack([null.p_values(whole.raw[0]) for _, null, whole in told])
    kept = false_discoveries(p, RATE)
    found = {}
    for i, (one, null, whole) in enumerate(told):
        found[one.column.name] = ColumnKnowledge(
            name=one.column.name,
            kind=one.column.kind,
            n_values=len(one.column.values),
            n_rows=round(float(one.moments.weight.sum())),
            n_gaps=one.column.n_gaps,
            known=whole.share[0],
            p_value=p[i],
            significant=kept[i],
            chance=after_chance(null.line(1 - RATE), whole.rows[0], whole.parameters[0]),
            energy=whole.total[0],
            resampled=_resampled(one, whole, n_resamples, seed),
            effect=effects(one.moments) if not one.n_given else torch.empty(0, whole.raw.shape[-1]),
            values=one.column.values,
        )
    return found


def _resampled(one: _Done, whole: Explained, n_resamples: int, seed: int) -> Tensor:
    """Return the known variance of each direction for every draw of the parts, with replacement.

    A draw repeats the chance that is in the sample itself, which the correction for its rows does not see; that is
    taken off as the sample's own.
    """
    n_parts = len(one.moments.weight)
    is_wide = one.moments.products.shape[-2] > _MOST_RESAMPLED
    if n_parts < FEWEST_PARTS or not n_resamples or is_wide:
        return torch.empty(0, one.moments.squares.shape[-1], dtype=torch.float64)
    drawn = np.random.default_rng(seed).multinomial(n_parts, np.full(n_parts, 1 / n_parts), size=n_resamples)
    chance = (whole.raw - whole.share) * whole.total
    found = []
    for some in torch.split(torch.from_numpy(drawn).double(), _DRAWS):
        again = one.of(some)
        found.append(again.share * again.total - chance)
    return torch.cat(found)


def _nothing(column: Column, rank: int) -> ColumnKnowledge:
    zeros = torch.zeros(rank, dtype=torch.float64)
    return ColumnKnowledge(
        name=column.name,
        kind=column.kind,
        n_values=len(column.values),
        n_rows=int(column.known.sum()),
        n_gaps=column.n_gaps,
        known=zeros,
        p_value=torch.ones_like(zeros),
        significant=torch.zeros(rank, dtype=torch.bool),
        chance=zeros,
        energy=zeros,
        resampled=torch.empty(0, rank, dtype=torch.float64),
        effect=torch.empty(0, rank),
        reason=column.reason or "it has too few rows, or groups of near twins, for its values",
    )
