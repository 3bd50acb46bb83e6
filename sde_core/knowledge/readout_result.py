"""What can be read out of bands, as a value, and where it disagrees with the shares of variance."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.errors import DataError
from sde_core.knowledge.columns import Kind
from sde_core.vocabulary import BANDS, Modality

if TYPE_CHECKING:
    import pandas as pd

    from sde_core.knowledge.result import BandKnowledge

# How far the share of a band and what is read there may lie apart, both as parts of the best band's.
_APART = 0.4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ColumnReadout:
    """What can be read of one column, by band: strong, weak, noise; NaN where a band has no direction.

    Attributes:
        name: of the column.
        kind: "category" (shares of rows that are right), "number" or "hue" (R^2 on rows that are held out).
        n_values: number of categories; 0 for numbers.
        n_train: rows that the probe is fitted on.
        n_test: rows that it is asked on.
        largest: share of the test rows that have the most frequent value of the training rows; 0 for numbers.
        chance: share of random rows, no twins, that have a row's value; 0 for numbers.
        probe: (3,) of the linear probe.
        probe_rotated: (b, 3) of random subspaces of the same widths.
        neighbours: (3,) of the ten nearest rows that are no twins.
        neighbours_rotated: (b, 3) of the same in random subspaces.
        reason: why nothing is read; "" if something is.
    """

    name: str
    kind: Kind
    n_values: int
    n_train: int
    n_test: int
    largest: float
    chance: float
    probe: Float[Tensor, " 3"]
    probe_rotated: Float[Tensor, "b 3"]
    neighbours: Float[Tensor, " 3"]
    neighbours_rotated: Float[Tensor, "b 3"]
    reason: str = ""

    __repr__ = brief

    @property
    def lift(self) -> Float[Tensor, " 3"]:
        """(3,) what the probe reads beyond the largest class, as a share of what there is beyond it; 0 at least."""
        return ((self.probe - self.largest) / max(1 - self.largest, 1e-12)).nan_to_num(0.0).clamp_min(0)

    @property
    def error(self) -> float:
        """Standard error of a share of the test rows near the largest class."""
        return math.sqrt(max(self.largest * (1 - self.largest), 1e-4) / max(self.n_test, 1))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BandReadout:
    """What can be read out of each band of one modality.

    Attributes:
        side: "image" or "text".
        columns: in the order asked for.
        widths: directions in strong, weak and noise.
        n_rows: that were read.
        n_groups: of near twins among them, which never stand on both sides of a split nor count as neighbours.
        twins: how they were told.
        rule: of the partition.
    """

    side: Modality
    columns: tuple[ColumnReadout, ...]
    widths: tuple[int, ...]
    n_rows: int
    n_groups: int
    twins: str
    rule: str

    def __getitem__(self, name: str) -> ColumnReadout:
        """Return a column by name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f"column must be one of {', '.join(c.name for c in self.columns)}; got {name!r}")

    def disagreements(self, known: "BandKnowledge") -> tuple[str, ...]:
        """Return one sentence for each column of which shares of variance and probe say different things.

        They do if, of some band, its share of what is known and what a probe reads there beyond the largest class lie
        40 points apart or more, both as parts of the best band's.
        """
        shares = known.shares(torch.tensor(_labels(known)))
        said = (_disagreement(c, shares[c.name]) for c in self.columns if c.name in shares and not c.reason)
        return tuple(sentence for sentence in said if sentence)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return {
            "side": str(self.side),
            "rule": self.rule,
            "rows": self.n_rows,
            "twins": self.twins,
            "groups_of_twins": self.n_groups,
            "widths": dict(zip(BANDS, self.widths, strict=True)),
            "columns": {column.name: _plain(column) for column in self.columns},
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row for each column and band (needs pandas)."""
        import pandas as pd

        rows = [
            {
                "column": c.name,
                "band": band,
                "width": self.widths[i],
                "probe": float(c.probe[i]),
                "probe_rotated": float(c.probe_rotated[:, i].mean()),
                "largest_class": c.largest,
                "neighbours": float(c.neighbours[i]),
                "neighbours_rotated": float(c.neighbours_rotated[:, i].mean()),
                "neighbours_chance": c.chance,
            }
            for c in self.columns
            if not c.reason
            for i, band in enumerate(BANDS)
        ]
        return pd.DataFrame(rows)

    __repr__ = brief


def _labels(known: "BandKnowledge") -> list[int]:
    found: list[int] = known.labels.tolist()
    return found


def _plain(column: ColumnReadout) -> dict[str, Any]:
    plain: dict[str, Any] = {
        name: getattr(column, name)
        for name in ("kind", "n_values", "n_train", "n_test", "largest", "chance", "reason")
    }
    for name in ("probe", "neighbours"):
        plain[name] = dict(zip(BANDS, getattr(column, name).tolist(), strict=True))
        turned = getattr(column, f"{name}_rotated")
        plain[f"{name}_rotated"] = dict(zip(BANDS, turned.T.tolist(), strict=True))
    return plain


def _disagreement(column: ColumnReadout, shares: dict[str, float]) -> str:
    lift = column.lift
    if column.kind == "category" and float(lift.max()) * (1 - column.largest) < 2 * column.error:
        return ""  # nothing is read anywhere beyond chance
    most_lift, most_share = float(lift.max()), max(shares.values())
    if most_lift <= 0 or not most_share > 0:
        return ""
    apart = [
        float(lift[i]) / most_lift - shares[band] / most_share
        if math.isfinite(float(column.probe[i]))
        else 0.0
        for i, band in enumerate(BANDS)
    ]
    i = max(range(len(BANDS)), key=lambda band: abs(apart[band]))
    if abs(apart[i]) < _APART:
        return ""
    held, read = 100 * shares[BANDS[i]], 100 * float(column.probe[i])
    beside = f"largest class {100 * column.largest:.0f} %" if column.kind == "category" else "of its variance"
    only = "" if apart[i] > 0 else "only "
    return (
        f"{column.name}: {BANDS[i]} directions hold {held:.0f} % of what is known, yet a probe reads "
        f"{only}{read:.0f} % there ({beside})."
    )
