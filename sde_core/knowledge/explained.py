"""Share of a direction's variance that a column explains, less what chance gives (docs/method.md, section 8).

A column is a linear model of the coefficients: its categories' means, a slope, or a cosine and a sine. With p
parameters besides the mean, R^2 of the model has expectation p / (n - 1) under permutation of the rows, so
1 - (1 - R^2) (n - 1) / (n - 1 - p) is what is left after chance.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

# A column whose rows vary less than this along a direction has nothing to explain there.
_CONSTANT = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moments:
    """Sums over the rows of which a column is known; they add over parts of the rows.

    Attributes:
        weight: (..., K) weight of the rows of each value; or (..., 1), of all, for numbers.
        sums: (..., K, r) sum of the coefficients of each value; or (..., 1, r), of all.
        squares: (..., r) sum of the squared coefficients.
        design: (..., p, p + 1) of numbers: sums of products, and in the last column the sums; p = 0 for categories.
        products: (..., p, r) sums of number times coefficient.
    """

    weight: Float[Tensor, "*b K"]
    sums: Float[Tensor, "*b K r"]
    squares: Float[Tensor, "*b r"]
    design: Float[Tensor, "*b p q"]
    products: Float[Tensor, "*b p r"]

    def weighted(self, times: Float[Tensor, "t f"]) -> "Moments":
        """Return the sums of parts, each counted so many times: a bootstrap over parts."""

        def total(x: Tensor) -> Tensor:
            summed: Tensor = torch.tensordot(times, x, dims=1)
            return summed

        return Moments(
            weight=total(self.weight),
            sums=total(self.sums),
            squares=total(self.squares),
            design=total(self.design),
            products=total(self.products),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explained:
    """What a column explains of each direction.

    Attributes:
        raw: (..., r) R^2 in [0, 1]; 0 where the coefficients do not vary.
        share: (..., r) what is left of it after chance; may be a little below 0.
        total: (..., r) variance of the coefficients over the known rows, summed.
        parameters: (...) p of the model, besides the mean.
        rows: (...) n, weight of the known rows.
    """

    raw: Float[Tensor, "*b r"]
    share: Float[Tensor, "*b r"]
    total: Float[Tensor, "*b r"]
    parameters: Float[Tensor, "*b"]
    rows: Float[Tensor, "*b"]


def explained(moments: Moments) -> Explained:
    """Return what the column explains of each direction, from its sums."""
    rows = moments.weight.sum(dim=-1)
    mean_square = moments.sums.sum(dim=-2).square() / rows.clamp_min(1e-300)[..., None]
    total = (moments.squares - mean_square).clamp_min(0)
    if moments.products.shape[-2]:
        between, parameters = _of_numbers(moments, rows)
    else:
        there = moments.weight > 0
        size = torch.where(there, moments.weight, 1.0)[..., None, :]
        between = (size.reciprocal() @ moments.sums.square()).squeeze(-2) - mean_square
        parameters = there.sum(dim=-1).double() - 1
    varies = total > _CONSTANT * moments.squares
    raw = torch.where(varies, between / torch.where(varies, total, 1.0), 0.0).clamp(0, 1)
    share = torch.where(varies, after_chance(raw, rows, parameters), 0.0)
    return Explained(raw=raw, share=share, total=total, parameters=parameters, rows=rows)


def after_chance(raw: Float[Tensor, "*b r"], rows: Tensor, parameters: Tensor) -> Float[Tensor, "*b r"]:
    """Return what is left of R^2 after the chance that ``parameters`` have over ``rows`` (docs/method.md, 8.2)."""
    free = (rows - 1 - parameters).clamp_min(1e-9)
    return 1 - (1 - raw) * ((rows - 1) / free)[..., None]


def _of_numbers(moments: Moments, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sum of squares that the least-squares line explains, and its number of parameters."""
    p = moments.products.shape[-2]
    size = rows.clamp_min(1e-300)
    sums = moments.design[..., p]
    gram = moments.design[..., :p] - sums[..., :, None] * sums[..., None, :] / size[..., None, None]
    along = (
        moments.products - sums[..., :, None] * moments.sums.sum(dim=-2, keepdim=True) / size[..., None, None]
    )
    values, vectors = torch.linalg.eigh(gram)
    kept = values > 1e-10 * values[..., -1:].clamp_min(1e-300)
    turned = vectors.mT @ along
    inverse = torch.where(kept, 1 / torch.where(kept, values, 1.0), 0.0)
    return (turned.square() * inverse[..., None]).sum(dim=-2), kept.sum(dim=-1).double()


def effects(moments: Moments) -> Float[Tensor, "k r"]:
    """Return how the values lie along each direction, from sums whose first axis is the parts; float32.

    Of categories: distance of the mean coefficient from that of all, in standard deviations of the coefficients, drawn
    towards 0 by two standard errors of a mean. Of numbers: their correlations, signed.
    """
    weight, sums = moments.weight.sum(dim=0), moments.sums.sum(dim=0)
    n = weight.sum()
    centre = sums.sum(dim=0) / n
    spread = (moments.squares.sum(dim=0) / n - centre.square()).clamp_min(1e-300).sqrt()
    if moments.products.shape[-2]:
        design, products = moments.design.sum(dim=0), moments.products.sum(dim=0)
        p = len(products)
        mean = design[:, p] / n
        deviation = (design[:, :p].diagonal() / n - mean.square()).clamp_min(1e-300).sqrt()
        return ((products / n - mean[:, None] * centre) / (deviation[:, None] * spread)).float()
    far = (sums / weight.clamp_min(1e-300)[:, None] - centre) / spread
    less = (far.abs() - 2 / weight.clamp_min(1e-300).sqrt()[:, None]).clamp_min(0)
    return torch.where(weight[:, None] > 0, far.sign() * less, 0.0).float()


def chance_moments(
    rows: float, parameters: float, leverage_squares: float, kurtosis: Float[Tensor, " r"]
) -> tuple[float, Float[Tensor, " r"]]:
    """Return mean and variance of R^2 over all permutations of the rows, exactly.

    Args:
        rows: n.
        parameters: p of the model besides the mean.
        leverage_squares: sum of the squared leverages of the model without its mean.
        kurtosis: (r,) n sum z^4 / (sum z^2)^2 of the centred coefficients of each direction.

    Source: docs/method.md, equation (8.4); moments of a permuted quadratic form after Kazi-Aoual et al. 1995.
    """
    n = rows
    mean = parameters / (n - 1)
    # tr A = tr A^2 = p for the projection; 1 and 1 for the unit vector of coefficients.
    first = 2 * ((n - 1) * parameters - parameters**2) * ((n - 1) - 1) / ((n - 1) ** 2 * (n + 1) * (n - 2))
    of_model = n * (n + 1) * leverage_squares - (n - 1) * (parameters**2 + 2 * parameters)
    of_direction = (n + 1) * kurtosis - 3 * (n - 1)
    second = of_model * of_direction / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    return mean, (first + second).clamp_min(1e-300)


def p_values(raw: Float[Tensor, " r"], mean: float, variance: Float[Tensor, " r"]) -> Float[Tensor, " r"]:
    """Return the chance that a permutation explains as much: the beta law with the exact two moments (Pitman 1938)."""
    # scipy.stats, which knows the law by name, takes 0.3 s to import; this is its tail.
    from scipy.special import betaincc

    a, b = _beta(mean, variance)
    return torch.from_numpy(betaincc(a.numpy(), b.numpy(), raw.numpy().clip(0, 1)))


def chance_line(mean: float, variance: Float[Tensor, " r"], level: float) -> Float[Tensor, " r"]:
    """Return the R^2 that a share ``level`` of the permutations stays below."""
    from scipy.special import betaincinv

    a, b = _beta(mean, variance)
    return torch.from_numpy(betaincinv(a.numpy(), b.numpy(), level))


def _beta(mean: float, variance: Tensor) -> tuple[Tensor, Tensor]:
    # A variance of mean (1 - mean) is two points, 0 and 1; the law has none above.
    size = (mean * (1 - mean) / variance.clamp_max(mean * (1 - mean) * (1 - 1e-9)) - 1).clamp_min(1e-9)
    return mean * size, (1 - mean) * size


def false_discoveries(p: Float[Tensor, "..."], rate: float) -> Tensor:
    """Return which of the tests stay when at most ``rate`` of those that stay are false (Benjamini, Hochberg 1995)."""
    flat, order = p.flatten().sort()
    below = flat <= rate * torch.arange(1, len(flat) + 1, dtype=flat.dtype) / max(1, len(flat))
    n_kept = int(below.nonzero()[-1]) + 1 if bool(below.any()) else 0
    kept = torch.zeros(len(flat), dtype=torch.bool)
    kept[order[:n_kept]] = True
    return kept.reshape(p.shape)
