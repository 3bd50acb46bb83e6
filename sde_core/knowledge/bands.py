"""Which directions of an embedding set know a column, and in which band a column lives (docs/method.md, section 8)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.knowledge.accumulate import FEWEST_PARTS, accumulated
from sde_core.knowledge.columns import Column, Kind
from sde_core.knowledge.explained import Explained, Moments, explained, false_discoveries
from sde_core.knowledge.permutation import Null, null_of, tails_of
from sde_core.knowledge.rows import rows_of
from sde_core.partition import Partition, partition_spectrum
from sde_core.spectra.spectrum import Spectrum, compute_spectrum

if TYPE_CHECKING:
    import pandas as pd

    from sde_core.sets.embeddings import EmbeddingSet

Side = Literal["image", "text"]
N_RESAMPLES = 200
RATE = 0.05
"""Share of false discoveries that is accepted, and the level of the chance line."""

_BANDS = ("strong", "weak", "noise")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ColumnKnowledge:
    """What the directions know of one column.

    Attributes:
        name: of the column.
        kind: "category", "number" or "hue".
        n_values: number of categories; 0 for numbers.
        n_rows: rows of which a value is known.
        n_gaps: rows that were left out.
        known: (r,) share of each direction's variance that lies between the values, less chance; may be a little
            below 0.
        p_value: (r,) of the permutation test of each direction.
        significant: (r,) whether it stays at a false discovery rate of 0.05 over all directions and columns.
        chance: (r,) share that 95 % of the permutations stay below.
        energy: (r,) variance of the coefficients over the known rows, summed: what the shares are of.
        resampled: (b, r) known variance of each direction when the parts are drawn again; b = 0 without an interval.
        reason: why the column says nothing; "" if it may.
    """

    name: str
    kind: Kind
    n_values: int
    n_rows: int
    n_gaps: int
    known: Float[Tensor, " r"]
    p_value: Float[Tensor, " r"]
    significant: Bool[Tensor, " r"]
    chance: Float[Tensor, " r"]
    energy: Float[Tensor, " r"]
    resampled: Float[Tensor, "b r"]
    reason: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether no direction knows the column."""
        return bool(self.reason) or not bool(self.significant.any())

    @property
    def share_of_variance(self) -> float:
        """Share of the total variance that lies between the values, less chance."""
        total = float(self.energy.sum())
        return float((self.known * self.energy).sum()) / total if total > 0 else 0.0

    def shares(self, labels: Int[Tensor, " r"]) -> tuple[float, float, float]:
        """Return which part of what is known lies in strong, weak and noise; they add up to 1. NaN if nothing is.

        A band whose sum chance has carried below 0 counts as 0.
        """
        strong, weak, noise = _by_band((self.known * self.energy)[None], labels)[0].tolist()
        return strong, weak, noise

    def intervals(self, labels: Int[Tensor, " r"], level: float = 0.95) -> tuple[tuple[float, float], ...]:
        """Return the bootstrap interval of each band's share, over groups of near twins; () where there is none."""
        if not len(self.resampled):
            return ()
        drawn = _by_band(self.resampled, labels)
        low, high = torch.quantile(
            drawn, torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=drawn.dtype), dim=0
        )
        return tuple(zip(low.tolist(), high.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BandKnowledge:
    """What each direction and each band of one modality knows of the columns of a set.

    Moving a threshold costs O(r): `shares` takes the labels of any partition of the same spectrum.

    Attributes:
        side: "image" or "text".
        columns: what is known of each column, in the order asked for.
        labels: (r,) 0 strong, 1 weak, 2 noise.
        singular_values: (r,) of the spectrum.
        rule: of the partition.
        given: name of the column whose share was taken off first, or "".
    """

    side: Side
    columns: tuple[ColumnKnowledge, ...]
    labels: Int[Tensor, " r"]
    singular_values: Float[Tensor, " r"]
    rule: str
    given: str = ""

    def __getitem__(self, name: str) -> ColumnKnowledge:
        """Return one column by name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f"column must be one of {', '.join(c.name for c in self.columns)}; got {name!r}")

    def shares(self, labels: Int[Tensor, " r"] | None = None) -> dict[str, dict[str, float]]:
        """Return for each column that says something which part of it lies in strong, weak and noise."""
        chosen = self.labels if labels is None else labels
        if chosen.shape != self.labels.shape:
            raise DataError(
                f"labels must have {len(self.labels)} entries, one a direction; got {len(chosen)}"
            )
        return {
            column.name: dict(zip(_BANDS, column.shares(chosen), strict=True))
            for column in self.columns
            if not column.says_nothing
        }

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "side": self.side,
            "rule": self.rule,
            "given": self.given,
            "shares": self.shares(),
            "columns": {column.name: self._plain(column) for column in self.columns},
            "bands": [_BANDS[label] for label in self.labels.tolist()],
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row for each column and direction (needs pandas)."""
        import pandas as pd

        r = len(self.labels)
        return pd.DataFrame(
            [
                {
                    "column": c.name,
                    "direction": j + 1,
                    "band": _BANDS[int(self.labels[j])],
                    "known": float(c.known[j]),
                    "chance": float(c.chance[j]),
                    "p_value": float(c.p_value[j]),
                    "significant": bool(c.significant[j]),
                }
                for c in self.columns
                for j in range(r)
            ]
        )

    def save(self, path: str | Path) -> None:
        """Write it as safetensors; `load` gives it back bit for bit."""
        tensors: dict[str, Tensor | None] = {"labels": self.labels, "singular_values": self.singular_values}
        facts = []
        for i, column in enumerate(self.columns):
            tensors |= {f"{name}.{i}": getattr(column, name) for name in _ARRAYS}
            facts.append({name: getattr(column, name) for name in _FACTS})
        header = {"side": self.side, "rule": self.rule, "given": self.given, "columns": json.dumps(facts)}
        write_tensors(path, tensors, kind="sde.band_knowledge", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.band_knowledge", writer="BandKnowledge.save")
        columns = tuple(
            ColumnKnowledge(**(facts | {name: tensors[f"{name}.{i}"] for name in _ARRAYS}))
            for i, facts in enumerate(json.loads(header["columns"]))
        )
        return cls(
            side="image" if header["side"] == "image" else "text",
            columns=columns,
            labels=tensors["labels"],
            singular_values=tensors["singular_values"],
            rule=header["rule"],
            given=header["given"],
        )

    def __repr__(self) -> str:
        """Return one line a column."""
        lines = [f"BandKnowledge of {self.side} directions, rule {self.rule}"]
        for column in self.columns:
            told = column.reason or "nothing that a direction knows"
            if not column.says_nothing:
                told = ", ".join(
                    f"{100 * s:.1f} % {b}" for s, b in zip(column.shares(self.labels), _BANDS, strict=True)
                )
            lines.append(f"  {column.name}: {told}")
        return "\n".join(lines)

    def _plain(self, column: ColumnKnowledge) -> dict[str, Any]:
        plain: dict[str, Any] = {name: getattr(column, name) for name in _FACTS if name != "name"}
        plain |= {"says_nothing": column.says_nothing, "share_of_variance": column.share_of_variance}
        plain["intervals"] = dict(zip(_BANDS, column.intervals(self.labels), strict=False))
        return plain | {
            name: getattr(column, name).tolist() for name in ("known", "p_value", "significant", "chance")
        }


_ARRAYS = ("known", "p_value", "significant", "chance", "energy", "resampled")
_FACTS = ("name", "kind", "n_values", "n_rows", "n_gaps", "reason")


def band_knowledge(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | npt.ArrayLike | None] | None = None,
    *,
    side: Side = "image",
    spectrum: Spectrum | None = None,
    partition: Partition | None = None,
    twins: npt.ArrayLike | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> BandKnowledge:
    """Return which directions know which columns of a set, and in which band each column lives.

    Of each direction and column: the share of the coefficients' variance that lies between the values (of numbers, the
    squared correlation; of hues, of cosine and sine), less what chance gives, with the p-value of a permutation of
    the rows. Summed with the energies it says where a column lives. A share of variance is not what a probe can
    read: `read_out` measures that. Columns that go together share what they know.

    Args:
        embeddings: the set; texts inherit the values of their images, each image weighing equally.
        columns: names of metadata columns; or name -> kind ("category", "number", "hue", None decides), or
            name -> (n_images,) values of your own, or of text (n_texts,) for ``side="text"``. None takes all.
        side: whose directions.
        spectrum: of that side's vectors; None computes it, centred.
        partition: of the spectrum; None is rule "mp-iqr".
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
    Source: [X] docs/method.md, equations (8.1) to (8.6).
    """
    if side not in ("image", "text"):
        raise ConfigError(f"side must be image or text; got {side!r}")
    vectors = embeddings.image if side == "image" else embeddings.text
    if spectrum is None:
        spectrum = compute_spectrum(np.asarray(vectors), center="mean")
    elif spectrum.n_features != vectors.shape[1]:
        raise DataError(f"spectrum must be of width {vectors.shape[1]}; got {spectrum.n_features}")
    if partition is None:
        partition = partition_spectrum(spectrum)
    of_images, of_texts = _columns(embeddings, columns, side)
    done: list[_Done] = []
    for group, inherit in ((of_images, side == "text"), (of_texts, False)):
        group = [column for column in group if not column.reason]
        if not group:
            continue
        rows = rows_of(embeddings, side, inherit=inherit, twins=twins, seed=seed)
        tails = tails_of(rows, spectrum, seed)
        for column, moments in zip(group, accumulated(rows, group, spectrum, progress), strict=True):
            done.append(_Done(column=column, moments=moments, null=null_of(column, rows, tails)))
    found = _tested(done, n_resamples, seed)
    return BandKnowledge(
        side=side,
        columns=tuple(found.get(c.name) or _nothing(c, spectrum.rank) for c in (*of_images, *of_texts)),
        labels=partition.labels.cpu(),
        singular_values=spectrum.singular_values.cpu(),
        rule=partition.rule,
    )


def _columns(
    embeddings: "EmbeddingSet",
    asked: Sequence[str] | Mapping[str, Any] | None,
    side: Side,
) -> tuple[list[Column], list[Column]]:
    """Return the columns that images have, and those that are of the texts themselves."""
    names: Mapping[str, Any]
    if asked is None:
        names = dict.fromkeys(embeddings.metadata)
    elif isinstance(asked, Mapping):
        names = asked
    else:
        names = dict.fromkeys(asked)
    of_images, of_texts = [], []
    for name, what in names.items():
        if what is None or isinstance(what, str):
            if name not in embeddings.metadata:
                there = ", ".join(embeddings.metadata) or "none"
                raise DataError(f"column must be one of {there}; got {name!r}")
            of_images.append(Column.of(name, embeddings.metadata[name], what))  # type: ignore[arg-type]
            continue
        column = Column.of(name, what)
        n_rows = len(column.codes)
        if n_rows == embeddings.n_images and not (side == "text" and n_rows == embeddings.n_texts):
            of_images.append(column)
        elif side == "text" and n_rows == embeddings.n_texts:
            of_texts.append(column)
        else:
            raise DataError(
                f"column {name} must have a value for each of {embeddings.n_images:,} images"
                + (f" or {embeddings.n_texts:,} texts" if side == "text" else "")
                + f"; got {n_rows:,}"
            )
    return of_images, of_texts


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Done:
    """A column with its sums and its permutation law."""

    column: Column
    moments: Moments
    null: Null | None

    def whole(self) -> Explained:
        """Return what the column explains over all rows."""
        n_parts = len(self.moments.weight)
        return explained(self.moments.weighted(torch.ones(1, n_parts, dtype=torch.float64)))


def _tested(done: Sequence[_Done], n_resamples: int, seed: int) -> dict[str, ColumnKnowledge]:
    told = [(one, one.null, one.whole()) for one in done if one.null is not None]
    if not told:
        return {}
    p = torch.stack([null.p_values(whole.raw[0]) for _, null, whole in told])
    kept = false_discoveries(p, RATE)
    found = {}
    for i, (one, null, whole) in enumerate(told):
        n, parameters = whole.rows, whole.parameters
        line = 1 - (1 - null.line(1 - RATE)) * (n - 1) / (n - 1 - parameters).clamp_min(1e-9)
        found[one.column.name] = ColumnKnowledge(
            name=one.column.name,
            kind=one.column.kind,
            n_values=len(one.column.values),
            n_rows=round(float(n)),
            n_gaps=one.column.n_gaps,
            known=whole.share[0],
            p_value=p[i],
            significant=kept[i],
            chance=line,
            energy=whole.total[0],
            resampled=_resampled(one.moments, whole, n_resamples, seed),
        )
    return found


def _resampled(moments: Moments, whole: Explained, n_resamples: int, seed: int) -> Tensor:
    """Return the known variance of each direction for every draw of the parts, with replacement.

    A draw repeats the chance that is in the sample itself, which the correction for its rows does not see; that is
    taken off as the sample's own.
    """
    n_parts = len(moments.weight)
    if n_parts < FEWEST_PARTS or not n_resamples:
        return torch.empty(0, moments.squares.shape[-1], dtype=torch.float64)
    drawn = np.random.default_rng(seed).multinomial(n_parts, np.full(n_parts, 1 / n_parts), size=n_resamples)
    chance = (whole.raw - whole.share) * whole.total
    found = []
    for some in torch.split(torch.from_numpy(drawn).double(), 20):
        again = explained(moments.weighted(some))
        found.append(again.share * again.total - chance)
    return torch.cat(found)


def _by_band(known: Float[Tensor, "b r"], labels: Int[Tensor, " r"]) -> Float[Tensor, "b 3"]:
    sums = torch.stack([known[:, labels == band].sum(dim=1) for band in range(len(_BANDS))], dim=1).clamp_min(
        0
    )
    total = sums.sum(dim=1, keepdim=True)
    return torch.where(total > 0, sums / torch.where(total > 0, total, 1.0), torch.nan)


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
        reason=column.reason or "it has too few rows, or groups of near twins, for its values",
    )
