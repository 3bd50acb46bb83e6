"""Linear probe: multinomial logistic regression on frozen embeddings, its L2 chosen on other rows.

The solver is scipy's, the loss ours: rows stay on their device, and each strength starts from the fit of the last one.
scikit-learn's LogisticRegression takes rows of the CPU alone; the tests hold both to the same minimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.classify.classification import classification_metrics
from sde_core.errors import ConfigError, DataError

STRENGTHS = tuple(10.0**-k for k in range(9))
"""Values of l2 that are tried, from strong to weak."""

_MAX_ITERATIONS = 1_000
_TOLERANCE = 1e-6  # of the largest entry of the gradient


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearProbe:
    """Scores of classes, x W + b.

    Attributes:
        weight: (d, c) float64.
        bias: (c,) float64.
        l2: strength that it was fitted with.
        is_converged: whether the solver reached its tolerance.
    """

    weight: Tensor
    bias: Tensor
    l2: float
    is_converged: bool

    def __call__(self, x: MatrixLike) -> Tensor:
        """Return (m, c) scores of (m, d) rows.

        Raises:
            DataError: not a finite matrix, or another width.
        """
        rows = as_matrix(x, "x")
        if rows.shape[1] != len(self.weight):
            raise DataError(f"x must have {len(self.weight)} columns; got shape {tuple(rows.shape)}")
        return rows.double() @ self.weight.to(rows.device) + self.bias.to(rows.device)


def fit_linear_probe(
    x: MatrixLike, labels: MatrixLike, n_classes: int, *, l2: float, start: LinearProbe | None = None
) -> LinearProbe:
    """Return the logistic regression of ``labels`` on ``x``; the minimum is unique for l2 > 0.

    Minimises mean cross-entropy + (l2 / 2) ||W||², the bias free, by L-BFGS in float64 (at most 1,000 steps,
    until no entry of the gradient exceeds 1e-6). scikit-learn's C is 1 / (l2 m).

    Args:
        x: (m, d) rows.
        labels: (m,) class numbers in [0, n_classes).
        n_classes: c, at least 2.
        l2: strength, above 0.
        start: where to start from; None is zero.

    Raises:
        DataError: rows and labels do not fit.
        ConfigError: ``n_classes`` or ``l2`` is out of range.
    """
    from scipy.optimize import minimize

    if n_classes < 2 or not 0.0 < l2 < float("inf"):
        raise ConfigError(f"n_classes must be at least 2 and l2 above 0; got {n_classes} and {l2}")
    rows = as_matrix(x, "x").double()
    right = torch.as_tensor(labels).long().to(rows.device)
    if right.shape != (len(rows),) or int(right.min()) < 0 or int(right.max()) >= n_classes:
        raise DataError(f"labels must be {len(rows)} numbers in [0, {n_classes}), one a row of x")
    d = rows.shape[1]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weight, bias = _unpacked(torch.from_numpy(flat).to(rows.device), d)
        scores = rows @ weight + bias
        shares = scores.softmax(dim=1)
        value = torch.nn.functional.cross_entropy(scores, right) + l2 / 2 * weight.square().sum()
        shares[torch.arange(len(rows), device=rows.device), right] -= 1
        gradient = torch.cat([rows.T @ shares / len(rows) + l2 * weight, shares.mean(dim=0)[None]])
        return float(value), gradient.flatten().cpu().numpy()

    at = np.zeros((d + 1) * n_classes) if start is None else _packed(start)
    options = {"maxiter": _MAX_ITERATIONS, "gtol": _TOLERANCE, "ftol": 1e-14}
    found = minimize(loss, at, jac=True, method="L-BFGS-B", options=options)
    weight, bias = _unpacked(torch.from_numpy(found.x), d)
    return LinearProbe(weight=weight, bias=bias, l2=l2, is_converged=bool(found.success))


def choose_linear_probe(
    train: tuple[MatrixLike, MatrixLike],
    validation: tuple[MatrixLike, MatrixLike],
    n_classes: int,
    *,
    strengths: Sequence[float] = STRENGTHS,
) -> LinearProbe:
    """Return the probe of the strength with the best accuracy on ``validation``, fitted again on both.

    Strengths are tried from strong to weak, each from where the last one ended; of equals the strongest wins.

    Args:
        train: (rows, labels).
        validation: (rows, labels) that are not in ``train``.
        n_classes: c.
        strengths: values of l2.

    Raises:
        DataError: rows and labels do not fit.
        ConfigError: no strength.
    """
    if not strengths:
        raise ConfigError("strengths must hold at least one value; got none")
    probe, best = None, (-1.0, 0.0)
    for l2 in sorted(strengths, reverse=True):
        probe = fit_linear_probe(*train, n_classes, l2=l2, start=probe)
        accuracy = classification_metrics(probe(validation[0]), validation[1], (1,))["acc1"]
        best = max(best, (accuracy, l2))
    both = [
        torch.cat([torch.as_tensor(a), torch.as_tensor(b)]) for a, b in zip(train, validation, strict=True)
    ]
    return fit_linear_probe(both[0], both[1], n_classes, l2=best[1])


def stratified_split(labels: MatrixLike, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the rows of training and of validation; of each class about ``share`` goes to validation.

    Args:
        labels: (m,) class numbers.
        share: in (0, 1).
        seed: of the draw.

    Raises:
        ConfigError: ``share`` is out of range, or leaves either side empty.
    """
    right = torch.as_tensor(labels).long()
    order = torch.randperm(len(right), generator=torch.Generator().manual_seed(seed))
    order = order[right[order].argsort(stable=True)]
    # Evenly along the rows sorted by class, so that small classes together give their share too.
    place = torch.arange(len(right), dtype=torch.float64)
    held = ((place + 1) * share).floor() > (place * share).floor()
    if not 0.0 < share < 1.0 or bool(held.all()) or not bool(held.any()):
        raise ConfigError(f"share must leave rows on both sides; got {share} of {len(right)} rows")
    return order[~held].sort().values, order[held].sort().values


def _unpacked(flat: Tensor, d: int) -> tuple[Tensor, Tensor]:
    table = flat.reshape(d + 1, -1)
    return table[:d], table[d]


def _packed(probe: LinearProbe) -> npt.NDArray[np.float64]:
    packed: npt.NDArray[np.float64] = torch.cat([probe.weight, probe.bias[None]]).flatten().numpy()
    return packed
