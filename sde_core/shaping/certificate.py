"""What gains can do at most to any features, and what they did to given ones."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.errors import DataError
from sde_core.shaping.transform import apply_gains, as_gains
from sde_core.spectra.eigen import few_threads, singular_values
from sde_core.spectra.spectrum import Spectrum

TOLERANCE = 1e-10
"""How far a measured value may pass its bound by rounding; all of them are ratios of order 1 in float64."""

# A row that the gains map to less than this share of its length has no direction left to compare.
_VANISHED = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A guarantee beside what happened.

    Attributes:
        bound: what no features can pass.
        measured: the value on the given data, or None without data.
    """

    bound: float
    measured: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the measured value, if any, stays below the bound up to `TOLERANCE`."""
        return self.measured is None or self.measured <= self.bound + TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The five bounds of the map A = I + V diag(g - 1) V^T, F' = F A; the first four for every F.

    Attributes:
        max_change: e, the largest |g_i - 1|.
        condition: kappa, largest over smallest gain, directions outside V counted with gain 1; infinite
            if a gain is 0.
        relative_change: ||F' - F||_F / ||F||_F.
        singular_value_shift: largest |s'_i - s_i| / s_1.
        row_turn_by_change: largest angle between a row and its image, radians, bound arcsin(e).
        row_turn_by_condition: the same angle, bound arccos(2 sqrt(kappa) / (1 + kappa)).
        gradient_scale: ||dL/dF|| / ||dL/dF'||, bound max(g, 1); measured row by row for L = ||F'||^2 / 2.
        step_change: ||A(t2) - A(t1)||_2, bound rho |alpha(t2) - alpha(t1)|; None if not asked for.
    """

    max_change: float
    condition: float
    relative_change: Bound
    singular_value_shift: Bound
    row_turn_by_change: Bound
    row_turn_by_condition: Bound
    gradient_scale: Bound
    step_change: Bound | None

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @property
    def bounds(self) -> dict[str, Bound]:
        """The bounds by name, in the order of docs/method.md."""
        named = {
            "relative_change": self.relative_change,
            "singular_value_shift": self.singular_value_shift,
            "row_turn_by_change": self.row_turn_by_change,
            "row_turn_by_condition": self.row_turn_by_condition,
            "gradient_scale": self.gradient_scale,
        }
        return named if self.step_change is None else named | {"step_change": self.step_change}

    @property
    def holds(self) -> bool:
        """Whether every measured value stays within its bound up to `TOLERANCE`."""
        return all(bound.holds for bound in self.bounds.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the certificate as plain values; angles in radians."""
        return {
            "max_change": self.max_change,
            "condition": self.condition,
            "holds": self.holds,
            "bounds": {k: {"bound": b.bound, "measured": b.measured} for k, b in self.bounds.items()},
        }


def certify(
    gains: Tensor,
    spectrum: Spectrum | None = None,
    features: "MatrixLike | None" = None,
    *,
    coordinates: Tensor | None = None,
    next_gains: Tensor | None = None,
    next_allowance: float | None = None,
) -> Certificate:
    """Return the bounds that ``gains`` guarantee and, given data, the measured values next to them.

    Without data only bounds come back. With ``spectrum`` the change of the reference set itself is
    exact (relative change, singular value shift). With ``features`` too, everything is measured on
    them; a centred spectrum means F minus the spectrum's mean, because that is what the map acts on.
    With ``coordinates`` instead, the reference set stays exact, the turn of a row and the scale of its
    gradient come from those rows, and nothing is decomposed: O(m r), for gains that change often.

    Args:
        gains: (r,) finite, at least 0.
        spectrum: the r directions that the gains belong to.
        features: (m, n) rows to measure on; needs ``spectrum``.
        coordinates: (m, r + 1) of `row_coordinates`, instead of ``features``; needs ``spectrum``.
        next_gains: (r,) gains of the next moment, same spectrum and partition, for the step change.
        next_allowance: the bound on that change, `step_bound(t1, t2, config)`.

    Returns:
        Certificate: angles in radians, the rest ratios.

    Raises:
        DataError: rows without ``spectrum`` or in both forms, another width or number of gains.
        ConfigError: a gain is negative or not finite.

    Source: docs/method.md, equations (3.8) to (3.12).

    >>> c = certify(torch.tensor([1.5, 0.75]))
    >>> round(c.relative_change.bound, 3), round(math.degrees(c.row_turn_by_condition.bound), 2)
    (0.5, 19.47)
    """
    values = as_gains(gains)
    change, condition, top = _extremes(values)
    measured = _measured(values, spectrum, features, coordinates)
    turn = measured.get("row_turn")
    return Certificate(
        max_change=change,
        condition=condition,
        relative_change=Bound(bound=change, measured=measured.get("relative_change")),
        singular_value_shift=Bound(bound=change, measured=measured.get("singular_value_shift")),
        # A has no negative eigenvalue, so a right angle is never passed, however large e is.
        row_turn_by_change=Bound(bound=math.asin(min(change, 1.0)), measured=turn),
        row_turn_by_condition=Bound(bound=kantorovich_angle(condition), measured=turn),
        gradient_scale=Bound(bound=top, measured=measured.get("gradient_scale")),
        step_change=_step_change(values, next_gains, next_allowance),
    )


def row_coordinates(features: "MatrixLike", spectrum: Spectrum) -> Tensor:
    """Return rows, less the spectrum's mean, in an orthonormal frame of their own: all that gains see of them.

    The first r columns are the coefficients along the directions; the last is the length outside of them,
    which every map of gains leaves alone. Lengths, and angles between a row and its image, are those of the
    rows.

    Args:
        features: (m, n) rows.
        spectrum: r directions of n features.

    Returns:
        (m, r + 1) float64.

    Raises:
        DataError: not a finite matrix, or another width.
    """
    rows = _rows(features, spectrum)
    along = rows @ spectrum.basis
    outside = (rows - along @ spectrum.basis.T).norm(dim=1, keepdim=True)
    return torch.cat([along, outside], dim=1)


def kantorovich_angle(condition: float) -> float:
    """Return arccos(2 sqrt(kappa) / (1 + kappa)), the most that a positive definite map turns a row.

    Args:
        condition: kappa, at least 1; infinite gives a right angle.

    Returns:
        Radians in [0, pi / 2].
    """
    if math.isinf(condition):
        return math.pi / 2
    # The same angle through its sine, which keeps the digits that the cosine loses near kappa = 1.
    return math.asin((condition - 1) / (condition + 1))


def _extremes(gains: Tensor) -> tuple[float, float, float]:
    """Return e, kappa and max(g, 1), with directions outside the basis at gain 1."""
    if len(gains) == 0:
        return 0.0, 1.0, 1.0
    low, top = min(1.0, float(gains.min())), max(1.0, float(gains.max()))
    return float((gains - 1).abs().max()), top / low if low > 0 else math.inf, top


def _step_change(gains: Tensor, next_gains: Tensor | None, allowance: float | None) -> Bound | None:
    if next_gains is None and allowance is None:
        return None
    if next_gains is None or allowance is None:
        raise DataError("next_gains and next_allowance must be given together; got only one of them")
    later = as_gains(next_gains).to(gains.device)
    if later.shape != gains.shape:
        raise DataError(f"next_gains must have {len(gains)} entries like gains; got {len(later)}")
    change = float((later - gains).abs().max()) if len(gains) else 0.0
    return Bound(bound=float(allowance), measured=change)


def _measured(
    gains: Tensor, spectrum: Spectrum | None, features: "MatrixLike | None", coordinates: Tensor | None
) -> dict[str, float]:
    if features is not None and coordinates is not None:
        raise DataError("rows must be given as features or as coordinates; got both")
    if spectrum is None:
        if features is not None or coordinates is not None:
            raise DataError("spectrum must be given to measure on rows; got None")
        return {}
    if len(gains) != spectrum.rank:
        raise DataError(f"gains must have one entry per direction, {spectrum.rank}; got {len(gains)}")
    gains = gains.to(spectrum.basis.device)
    if features is not None:
        return _measured_on_rows(_rows(features, spectrum), spectrum.basis, gains)
    found = _measured_on_reference(gains, spectrum)
    return found if coordinates is None else found | _measured_on_coordinates(coordinates, gains)


def _rows(features: "MatrixLike", spectrum: Spectrum) -> Tensor:
    """Return the rows that the map acts on, less the spectrum's mean."""
    rows = as_matrix(features, "features").to(spectrum.basis)
    if rows.shape[1] != spectrum.n_features:
        raise DataError(f"features must have {spectrum.n_features} columns; got shape {tuple(rows.shape)}")
    return rows if spectrum.mean is None else rows - spectrum.mean


def _measured_on_reference(gains: Tensor, spectrum: Spectrum) -> dict[str, float]:
    values = spectrum.singular_values
    if len(values) == 0:
        return {"relative_change": 0.0, "singular_value_shift": 0.0}
    moved = (gains * values).sort(descending=True).values
    return {
        "relative_change": float(((gains - 1) * values).norm() / values.norm()),
        "singular_value_shift": float((moved - values).abs().max() / values[0]),
    }


def _measured_on_rows(rows: Tensor, basis: Tensor, gains: Tensor) -> dict[str, float]:
    mapped = apply_gains(rows, basis, gains)
    before, after = _singular_values(rows), _singular_values(mapped)
    total, first = float(rows.norm()), float(before[0])
    if total == 0:
        return {"relative_change": 0.0, "singular_value_shift": 0.0, "row_turn": 0.0, "gradient_scale": 0.0}
    return {
        "relative_change": float((mapped - rows).norm()) / total,
        "singular_value_shift": float((after - before).abs().max()) / first,
        "row_turn": _largest_angle(rows, mapped),
        "gradient_scale": _largest_ratio(apply_gains(mapped, basis, gains), mapped),
    }


def _measured_on_coordinates(rows: Tensor, gains: Tensor) -> dict[str, float]:
    if rows.ndim != 2 or rows.shape[1] != len(gains) + 1:
        raise DataError(f"coordinates must have {len(gains) + 1} columns; got shape {tuple(rows.shape)}")
    factors = torch.cat([gains, gains.new_ones(1)])
    mapped = rows * factors
    return {
        "row_turn": _largest_angle(rows, mapped),
        "gradient_scale": _largest_ratio(mapped * factors, mapped),
    }


def _singular_values(rows: Tensor) -> Tensor:
    if rows.shape[0] > rows.shape[1]:
        with few_threads(rows):
            rows = torch.linalg.qr(rows, mode="r").R  # same singular values, n x n
    return singular_values(rows)


def _largest_angle(a: Tensor, b: Tensor) -> float:
    """Return the largest angle between rows of ``a`` and ``b`` in radians; vanished rows do not count."""
    size_a, size_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    seen = (size_b > _VANISHED * size_a).squeeze(1) & (size_a > 0).squeeze(1)
    if not bool(seen.any()):
        return 0.0
    a, b = a[seen] / size_a[seen], b[seen] / size_b[seen]
    # Through the half angle: arccos of a cosine near 1 would lose half of the digits.
    return float((2 * torch.atan2((a - b).norm(dim=1), (a + b).norm(dim=1))).max())


def _largest_ratio(a: Tensor, b: Tensor) -> float:
    size = b.norm(dim=1)
    seen = size > 0
    return float((a.norm(dim=1)[seen] / size[seen]).max()) if bool(seen.any()) else 0.0
