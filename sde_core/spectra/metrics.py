"""Numbers that describe one spectrum, or tell two apart (docs/method.md, section 6)."""

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.vectors import as_vector
from sde_core.errors import ConfigError, DataError
from sde_core.glossary import SPECTRUM, TERMS, Term
from sde_core.spectra.spectrum import Spectrum

Weighting: TypeAlias = Literal["values", "energies"]
"""What is read as a distribution: the singular values s, or their squares."""


def spectrum_metrics(spectrum: Spectrum) -> dict[str, float]:
    """Return how many directions a spectrum uses, and how evenly; unchanged by scale and rotation of F.

    A spectrum without any direction (F constant, or zero) gives 0 for the counts and NaN where a ratio or a
    slope has no meaning.

    Args:
        spectrum: from `compute_spectrum`; centred or not changes the answer, so say which beside it.

    Returns:
        dict: ``rank``, ``effective_rank`` (RankMe is the same number on an uncentred F),
            ``effective_rank_energy``, ``stable_rank``, ``participation_ratio`` (all in directions, at most
            ``rank``), ``isoscore`` in [0, 1], ``alpha_req`` (slope; larger means faster decay).

    Source: docs/method.md, equations (6.1) to (6.5).
    """
    return {key: measure(spectrum) for key, measure in _MEASURES.items()}


def register_metric(term: Term, measure: Callable[[Spectrum], float]) -> None:
    """Make a number about one spectrum known to results, reports and the glossary, for this process.

    Args:
        term: what it is called and says.
        measure: spectrum -> number; NaN where it has no meaning.

    Raises:
        ConfigError: the term's key is taken.
    """
    if term.key in TERMS:
        raise ConfigError(f"the key of a term must be new; {term.key!r} is taken")
    _MEASURES[term.key] = measure
    SPECTRUM.append(term)
    TERMS[term.key] = term


def effective_rank(singular_values: MatrixLike, *, on: Weighting = "values") -> float:
    """Return the effective number of directions, exp of the entropy; 1 to r, or 0 if all values are 0.

    Args:
        singular_values: (r,) not negative, any order.
        on: "values" is Roy and Vetterli's effective rank and RankMe; "energies" weighs by s².

    Raises:
        DataError: not a vector of finite numbers of at least 0.
        ConfigError: ``on`` is unknown.

    Source: docs/method.md, equation (6.1); Roy and Vetterli 2007, Garrido et al. 2023.

    >>> round(effective_rank([4, 2, 1, 1]), 6), round(effective_rank([4, 2, 1, 1], on="energies"), 6)
    (3.363586, 2.276322)
    """
    shares = _shares(singular_values, on)
    return float(torch.special.entr(shares).sum().exp()) if float(shares.sum()) > 0 else 0.0


def stable_rank(singular_values: MatrixLike) -> float:
    """Return sum s² / s_1²: 1 to r, or 0 if all values are 0; moved little by small singular values.

    Source: docs/method.md, equation (6.2).

    >>> stable_rank([4, 2, 1, 1])
    1.375
    """
    values = _scaled(singular_values)
    return float(values.square().sum())


def participation_ratio(singular_values: MatrixLike) -> float:
    """Return (sum s²)² / sum s⁴: 1 to r, or 0 if all values are 0.

    Source: docs/method.md, equation (6.3).

    >>> round(participation_ratio([4, 2, 1, 1]), 6)
    1.766423
    """
    energies = _scaled(singular_values).square()
    total = float(energies.sum())
    return total**2 / float(energies.square().sum()) if total > 0 else 0.0


def isoscore(singular_values: MatrixLike, n_features: int | None = None) -> float:
    """Return how evenly the energy fills the space: 0 for one direction, 1 for all alike; NaN if undefined.

    Args:
        singular_values: (r,) not negative.
        n_features: d, dimensions of the space, at least r; None takes r.

    Raises:
        ConfigError: ``n_features`` is below r.

    Source: docs/method.md, equation (6.4); Rudman et al. 2022, in the closed form of the participation ratio.

    >>> round(isoscore([4, 2, 1, 1]), 6)
    0.255474
    """
    values = _values(singular_values)
    d = len(values) if n_features is None else n_features
    if d < len(values):
        raise ConfigError(f"n_features must be at least {len(values)}, the number of values; got {d}")
    used = participation_ratio(values)
    return (used - 1) / (d - 1) if d > 1 and used > 0 else math.nan


def alpha_req(singular_values: MatrixLike) -> float:
    """Return the decay exponent: minus the least-squares slope of log s² on log rank, all ranks alike.

    NaN with fewer than two values above 0. The far tail has the most ranks and so the most weight: a
    steep drop near the rank cut shows here first.

    Source: docs/method.md, equation (6.5); Agrawal et al. 2022.

    >>> round(alpha_req([(1 / i) ** 0.5 for i in range(1, 50)]), 6)
    1.0
    """
    values = _values(singular_values).sort(descending=True).values
    values = values[values > 0]
    if len(values) < 2:
        return math.nan
    log_rank = torch.arange(1, len(values) + 1, dtype=torch.float64, device=values.device).log()
    log_rank = log_rank - log_rank.mean()
    log_energy = 2 * values.log()
    return -float(log_rank @ (log_energy - log_energy.mean()) / log_rank.square().sum())


def hellinger_distance(first: MatrixLike, second: MatrixLike, *, on: Weighting = "values") -> float:
    """Return the Hellinger distance between two spectra read as distributions: 0 alike, 1 apart.

    The shorter one is filled up with zeros, so the order is that of the singular values.

    Args:
        first: (r,) singular values, descending, not all 0.
        second: (q,) the same of the other spectrum.
        on: read s or s² as the distribution.

    Raises:
        DataError: not vectors of finite numbers of at least 0, or all 0.

    Source: docs/method.md, equation (6.6).

    >>> a, b = [4, 2, 1, 1], [3, 3, 1, 1]
    >>> round(hellinger_distance(a, b), 6), round(hellinger_distance(a, b, on="energies"), 6)
    (0.103928, 0.215725)
    """
    p, q = _shares(first, on), _shares(second, on)
    if not (float(p.sum()) > 0 and float(q.sum()) > 0):
        raise DataError("first and second must hold a value above 0; got a spectrum of zeros")
    root = torch.zeros(2, max(len(p), len(q)), dtype=torch.float64)
    root[0, : len(p)], root[1, : len(q)] = p.sqrt(), q.sqrt()
    return min(1.0, math.sqrt(float((root[0] - root[1]).square().sum()) / 2))


def _values(singular_values: MatrixLike) -> Tensor:
    values = as_vector(singular_values, "singular_values")
    if bool((values < 0).any()):
        raise DataError(f"singular_values must be at least 0; got {float(values.min())}")
    return values


def _scaled(singular_values: MatrixLike) -> Tensor:
    """Return the values over the largest, so that squares neither overflow nor vanish."""
    values = _values(singular_values)
    largest = float(values.max()) if len(values) else 0.0
    return values / largest if largest > 0 else values


def _shares(singular_values: MatrixLike, on: Weighting) -> Tensor:
    if on not in ("values", "energies"):
        raise ConfigError(f'on must be "values" or "energies"; got {on!r}')
    scaled = _scaled(singular_values)
    weights = scaled if on == "values" else scaled.square()
    total = float(weights.sum())
    return (weights / total if total > 0 else weights).cpu()


_MEASURES: dict[str, Callable[[Spectrum], float]] = {
    "rank": lambda spectrum: float(spectrum.rank),
    "effective_rank": lambda spectrum: effective_rank(spectrum.singular_values),
    "effective_rank_energy": lambda spectrum: effective_rank(spectrum.singular_values, on="energies"),
    "stable_rank": lambda spectrum: stable_rank(spectrum.singular_values),
    "participation_ratio": lambda spectrum: participation_ratio(spectrum.singular_values),
    "isoscore": lambda spectrum: isoscore(spectrum.singular_values, spectrum.n_features),
    "alpha_req": lambda spectrum: alpha_req(spectrum.singular_values),
}
"""Key of a term in the glossary -> the number."""
