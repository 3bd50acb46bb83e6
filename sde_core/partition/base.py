"""What a partition is, what a rule is, and what a rule may look at."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from jaxtyping import Float, Int
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike, as_matrix, as_paired_matrices
from sde_core.spectra.spectrum import Spectrum

STRONG, WEAK, NOISE = 0, 1, 2

Paired: TypeAlias = tuple[MatrixLike, MatrixLike]


class Evidence:
    """What a rule may look at besides the spectrum; rows are read when it looks.

    Attributes:
        seed: for rules that permute.
    """

    def __init__(
        self,
        *,
        features: MatrixLike | None = None,
        paired: "Paired | Callable[[], Paired | None] | None" = None,
        seed: int = 0,
    ) -> None:
        self._features, self._paired, self.seed = features, paired, seed

    @cached_property
    def features(self) -> Float[Tensor, "m n"] | None:
        """(m, n) rows of the spectrum's matrix, or None."""
        return None if self._features is None else as_matrix(self._features, "features")

    @cached_property
    def paired(self) -> tuple[Float[Tensor, "p n"], Float[Tensor, "p n"]] | None:
        """Image and text features, (p, n) each, row by row, or None."""
        given = self._paired() if callable(self._paired) else self._paired
        return None if given is None else as_paired_matrices(*given, ("paired[0]", "paired[1]"))

    def __repr__(self) -> str:
        given = {"features": self._features is not None, "paired": self._paired is not None}
        return brief(self, **given, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """What a rule decides.

    Attributes:
        tau_strong: a direction is strong above this singular value; NaN if ``labels`` decides.
        tau_noise: a direction is noise at or below this singular value; NaN if ``labels`` decides.
        noise_scale: theta, the standard deviation of a noise entry that the rule used, or None.
        labels: (r,) of STRONG, WEAK, NOISE for rules that do not cut by size, else None.
        note: what the rule assumed and whether that holds, one sentence.
        assumes_iid: whether the rule rests on the Marchenko-Pastur law; the verdict on the fit is then
            added to the note.
    """

    tau_strong: float
    tau_noise: float
    noise_scale: float | None = None
    labels: Int[Tensor, " r"] | None = None
    note: str = ""
    assumes_iid: bool = False

    __repr__ = brief


Rule = Callable[[Spectrum, Evidence], Decision]
"""A rule: spectrum and evidence in, decision out; deterministic for a given `Evidence.seed`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partition:
    """Each direction of a spectrum as strong signal, weak signal or noise.

    Attributes:
        labels: (r,) int64 of 0 strong, 1 weak, 2 noise, in the order of the singular values.
        tau_strong: strong is s > tau_strong; unit of the singular values; NaN if not cut by size.
        tau_noise: noise is s <= tau_noise; unit of the singular values; NaN if not cut by size.
        noise_scale: theta that the rule used, unit of an entry of F, or None.
        fit_distance: Kolmogorov-Smirnov distance in [0, 1] between the noise part's singular values
            and the Marchenko-Pastur law cut at the noise threshold, its scale fitted to their median;
            None with fewer than 8 of them.
        rule: name of the rule.
        note: what the rule assumed and whether that holds, in words.
    """

    labels: Int[Tensor, " r"]
    tau_strong: float
    tau_noise: float
    noise_scale: float | None
    fit_distance: float | None
    rule: str
    note: str

    __repr__ = brief
    _repr_html_ = drawn
    plot = plotted

    @property
    def cuts_by_size(self) -> bool:
        """Whether the labels follow from two thresholds, which may then be moved."""
        return math.isfinite(self.tau_strong) and math.isfinite(self.tau_noise)

    @property
    def n_strong(self) -> int:
        """Number of strong directions."""
        return int((self.labels == STRONG).sum())

    @property
    def n_weak(self) -> int:
        """Number of weak directions."""
        return int((self.labels == WEAK).sum())

    @property
    def n_noise(self) -> int:
        """Number of noise directions."""
        return int((self.labels == NOISE).sum())

    @property
    def fits_bulk(self) -> bool | None:
        """Whether the noise directions look like pure iid noise; None where there are too few to tell."""
        return None if self.fit_distance is None else self.fit_distance <= fit_limit(self.n_noise)


def fit_limit(n_noise: int) -> float:
    """Return the largest fit distance that counts as a fit: 0.02 + 4 / n_noise.

    Singular values of pure noise repel each other and stay within about 5 / k of the law, far closer
    than k independent draws would; 0.02 is a deviation too small to matter.

    Source: [R] docs/method.md, equation (2.20).
    """
    return 0.02 + 4 / max(n_noise, 1)
