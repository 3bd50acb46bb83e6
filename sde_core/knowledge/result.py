"""What a set's directions know of its columns, as a value: shares by band, saving, loading, plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.errors import DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.knowledge.columns import Kind
from sde_core.vocabulary import BANDS, Modality

if TYPE_CHECKING:
    import pandas as pd

_ARRAYS = ("known", "p_value", "significant", "chance", "energy", "resampled", "effect")
_FACTS = ("name", "kind", "n_values", "n_rows", "n_gaps", "reason", "values")


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
        effect: (k, r) of each category, how far its mean coefficient lies from the mean of all, in standard
            deviations, less two standard errors (0 if that is more); of a number its signed correlation, k = 1, of a
            hue those of cosine and sine; k = 0 beyond another column.
        values: names of the categories, in the order of ``effect``; empty for numbers.
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
    effect: Float[Tensor, "k r"]
    values: tuple[str, ...] = ()
    reason: str = ""

    __repr__ = brief

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
        shares = _by_band(self.resampled, labels)
        low, high = torch.quantile(
            shares, torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=shares.dtype), dim=0
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

    side: Modality
    columns: tuple[ColumnKnowledge, ...]
    labels: Int[Tensor, " r"]
    singular_values: Float[Tensor, " r"]
    rule: str
    given: str = ""

    plot = plotted

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
            column.name: dict(zip(BANDS, column.shares(chosen), strict=True))
            for column in self.columns
            if not column.says_nothing
        }

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "side": str(self.side),
            "rule": self.rule,
            "given": self.given,
            "shares": self.shares(),
            "columns": {column.name: self._plain(column) for column in self.columns},
            "bands": [BANDS[label] for label in self.labels.tolist()],
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
                    "band": BANDS[int(self.labels[j])],
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
        header = {
            "side": str(self.side),
            "rule": self.rule,
            "given": self.given,
            "columns": json.dumps(facts),
        }
        write_tensors(path, tensors, kind="sde.band_knowledge", header=header)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing, is not safetensors or holds something else.
        """
        tensors, header = read_tensors(path, kind="sde.band_knowledge", writer="BandKnowledge.save")
        columns = tuple(_column(facts, i, tensors) for i, facts in enumerate(json.loads(header["columns"])))
        return cls(
            side=Modality(header["side"]),
            columns=columns,
            labels=tensors["labels"],
            singular_values=tensors["singular_values"],
            rule=header["rule"],
            given=header["given"],
        )

    __repr__ = brief

    def _repr_html_(self) -> str:
        return drawn(self)

    def __str__(self) -> str:
        """Return one line a column."""
        lines = [f"BandKnowledge of {self.side} directions, rule {self.rule}"]
        for column in self.columns:
            told = column.reason or "nothing that a direction knows"
            if not column.says_nothing:
                told = ", ".join(
                    f"{100 * s:.1f} % {b}" for s, b in zip(column.shares(self.labels), BANDS, strict=True)
                )
            lines.append(f"  {column.name}: {told}")
        return "\n".join(lines)

    def _plain(self, column: ColumnKnowledge) -> dict[str, Any]:
        plain: dict[str, Any] = {
            name: getattr(column, name) for name in _FACTS if name not in ("name", "values")
        }
        plain |= {"says_nothing": column.says_nothing, "share_of_variance": column.share_of_variance}
        plain["intervals"] = dict(zip(BANDS, column.intervals(self.labels), strict=False))
        return plain | {
            name: getattr(column, name).tolist() for name in ("known", "p_value", "significant", "chance")
        }


def _column(facts: dict[str, Any], i: int, tensors: Mapping[str, Tensor]) -> ColumnKnowledge:
    """Return a column from what was saved; files of before there were effects have none."""
    arrays = {name: tensors[f"{name}.{i}"] for name in _ARRAYS if f"{name}.{i}" in tensors}
    arrays.setdefault("effect", torch.empty(0, len(tensors["labels"])))
    return ColumnKnowledge(**(facts | {"values": tuple(facts.get("values", ()))} | arrays))


def _by_band(known: Float[Tensor, "b r"], labels: Int[Tensor, " r"]) -> Float[Tensor, "b 3"]:
    sums = torch.stack([known[:, labels == band].sum(dim=1) for band in range(len(BANDS))], dim=1).clamp_min(
        0
    )
    total = sums.sum(dim=1, keepdim=True)
    return torch.where(total > 0, sums / torch.where(total > 0, total, 1.0), torch.nan)
