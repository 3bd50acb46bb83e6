"""The ways to keep less of every vector that are tried, and what of them is fitted to a reference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError
from sde_core.treatments.compression.axes import Axes, CompressionMap, fit_axes
from sde_core.treatments.compression.codes import CODES, Code, Coder, reference_rows
from sde_core.treatments.compression.prediction import predicted_fidelity
from sde_core.vocabulary import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One way to keep less.

    Attributes:
        axes: one of `AXES`.
        width: numbers kept of each vector.
        code: one of `CODES`.
        float_query: whether queries stay float.
        rescore: how many of the best are scored again by whole vectors.
    """

    axes: Axes
    width: int
    code: Code
    float_query: bool
    rescore: int


class Cells:
    """Every way that is tried, in the order of the table, fitted once to a reference.

    Args:
        reference: (m, d) images and (m, d) their texts.
        width: d.
        widths: None takes d, d / 2, d / 3 and d / 6.
        axes: out of `AXES`.
        codes: out of `CODES`.
        rescore: how many of the best are scored again; 0 leaves these ways out.
        seed: of random rotations.

    Raises:
        ConfigError: a code is unknown, or ``rescore`` is below 0.
    """

    def __init__(
        self,
        reference: tuple[MatrixLike, MatrixLike],
        width: int,
        widths: Sequence[int] | None,
        axes: Sequence[Axes],
        codes: Sequence[Code],
        rescore: int,
        *,
        seed: int,
    ) -> None:
        if unknown := [c for c in codes if c not in CODES]:
            raise ConfigError(f"codes must be out of {', '.join(CODES)}; got {unknown[0]!r}")
        if rescore < 0:
            raise ConfigError(f"rescore must be at least 0; got {rescore}")
        self.width, self.seed, self._reference = width, seed, reference
        sizes = list(widths or sorted({width, *(max(1, width // n) for n in (2, 3, 6))}, reverse=True))
        every = (
            Cell(axes=a, width=w, code=code, float_query=float_query, rescore=again)
            for a, w in product(axes, sizes)
            for code, float_query, again in _ways(codes, rescore)
        )
        self._cells = [c for c in every if (c.axes, c.width, c.code) != ("own", width, "float32")]
        self._covariances = tuple(_covariance(unit_rows(x, "reference", torch.float64)) for x in reference)
        self._maps: dict[tuple[Axes, int], CompressionMap] = {}
        self._fidelities: dict[tuple[Axes, int, Code, bool], float] = {}
        self._coders: dict[tuple[Axes, int, Code], Coder] = {}

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def map(self, cell: Cell) -> CompressionMap:
        """Return the map of a way."""
        key = (cell.axes, cell.width)
        if key not in self._maps:
            self._maps[key] = fit_axes(*self._reference, *key, seed=self.seed)
        return self._maps[key]

    def coder(self, cell: Cell) -> Coder:
        """Return what codes its rows."""
        key = (cell.axes, cell.width, cell.code)
        if key not in self._coders:
            learns = cell.code == "int8"  # the others have nothing to learn
            rows = reference_rows(self.map(cell), self._reference) if learns else torch.empty(0, cell.width)
            self._coders[key] = Coder(cell.code, rows)
        return self._coders[key]

    def fidelity(self, cell: Cell) -> float:
        """Return what is predicted from the covariances of the reference, `predicted_fidelity`."""
        key = (cell.axes, cell.width, cell.code, cell.float_query)
        if key not in self._fidelities:
            image, text = self._covariances
            self._fidelities[key] = predicted_fidelity(
                image, text, self.map(cell), cell.code, float_query=cell.float_query
            )
        return self._fidelities[key]

    def stored(self, unit: Tensor, kind: Modality) -> Callable[[Cell], Tensor]:
        """Return what gives rows of a gallery as they come back from storage, each axes, width and code made once.

        Args:
            unit: (m, d) unit rows.
            kind: their modality.
        """
        z: dict[tuple[Axes, int], Tensor] = {}
        made: dict[tuple[Axes, int, Code], Tensor] = {}

        def of(cell: Cell) -> Tensor:
            axes, key = (cell.axes, cell.width), (cell.axes, cell.width, cell.code)
            if axes not in z:
                z[axes] = self.map(cell).of_unit(unit, kind)
            if key not in made:
                made[key] = self.coder(cell).stored(z[axes])
            return made[key]

        return of

    def asked(self, unit: Tensor, kind: Modality, cell: Cell) -> Tensor:
        """Return rows that ask as they are compared with what is stored.

        Args:
            unit: (q, d) unit rows.
            kind: their modality.
            cell: how they ask.
        """
        rows = self.map(cell).of_unit(unit, kind)
        return rows if cell.float_query else self.coder(cell).stored(rows)


def _ways(codes: Sequence[Code], rescore: int) -> Iterator[tuple[Code, bool, int]]:
    for code in codes:
        if code != "1bit":
            yield code, True, 0
            continue
        yield code, False, 0
        yield code, True, 0
        if rescore:
            yield code, False, rescore


def _covariance(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(0)
    return centred.T @ centred / len(rows)
