"""Rule "parallel": parallel analysis, noise as the same columns shuffled independently."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.settings import Probability, check_settings
from sde_core.errors import ConfigError, DataError
from sde_core.glossary.term import Term
from sde_core.partition.base import Decision, Evidence
from sde_core.partition.tukey import tukey_fence
from sde_core.spectra.null_spectra import shuffled_column_spectra
from sde_core.spectra.spectrum import Spectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRule:
    """Signal: each singular value, largest first, above the same one of the column-permuted matrix.

    The i-th is compared with the 95th percentile of the i-th of B permuted matrices, until one fails;
    that percentile is tau_noise. (Shuffled columns keep the energy of strong signals, which may hide a weak
    one; held against the largest for every i, they would hide far more.) Shuffling each column on its own keeps every
    column's distribution and breaks what columns share, so columns of different size are no obstacle.
    Columns are centred first, also for a spectrum that is not: a shuffled column keeps its mean, and the
    cone would pass for noise. The percentile is the ceil(level (B + 1))-th smallest of B, so in pure noise
    of independent rows a direction passes in at most 1 - level of all cases.
    tau_strong is the Tukey fence, at least tau_noise. Cost O(B m n min(m, n)), memory O(m n).

    Attributes:
        level: of the percentile, in (0, 1).
        n_permutations: B, at least level / (1 - level).

    Raises:
        ConfigError: ``level`` or ``n_permutations`` lies outside.

    Source: Horn 1965, Dobriban 2020; docs/method.md, equation (2.13).
    """

    name: ClassVar[str] = "parallel"
    about: ClassVar[Term] = Term(
        key="parallel",
        name="parallel",
        sentence=(
            "Noise is what the set with its columns shuffled reaches by chance (95th percentile); "
            "strong above the Tukey fence."
        ),
        equation="2.13",
        source="Horn 1965",
    )

    level: Annotated[float, Probability] = 0.95
    n_permutations: int = 19

    def __post_init__(self) -> None:
        check_settings(self)
        least = math.ceil(self.level / (1 - self.level) - 1e-9)
        if self.n_permutations < least:
            raise ConfigError(
                f"n_permutations must be at least {least} for level {self.level:g}; got {self.n_permutations}"
            )

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds from the rows in ``evidence.features``.

        Raises:
            DataError: the rows are missing, or are not those behind the spectrum.
        """
        rows = _rows_behind(spectrum, evidence)
        spectra = shuffled_column_spectra(rows, n_shuffles=self.n_permutations, seed=evidence.seed)
        return NullRule(null=torch.stack(list(spectra)), level=self.level)(spectrum, evidence)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NullRule:
    """The same decision from spectra of chance that are there already, such as those of shuffled pairs.

    Attributes:
        null: (B, k) spectra of chance, each descending, k at least the rank of the spectrum.
        level: of the percentile, in (0, 1).
        note: what was shuffled and what that assumes, one sentence with a place for B; empty is that of "parallel".

    Source: docs/method.md, equation (2.13).
    """

    name: ClassVar[str] = "null"

    null: Float[Tensor, "b k"]
    level: Annotated[float, Probability] = 0.95
    note: str = ""

    def __call__(self, spectrum: Spectrum, evidence: Evidence) -> Decision:
        """Return both thresholds; ``evidence`` is not used.

        Raises:
            DataError: the null is shorter than the spectrum.
        """
        count, values = len(self.null), spectrum.singular_values
        if self.null.shape[1] < spectrum.rank:
            raise DataError(
                f"null must hold at least {spectrum.rank} values a spectrum; got shape {tuple(self.null.shape)}"
            )
        position = min(count, math.ceil(self.level * (count + 1) - 1e-9))
        null = self.null.to(values).sort(dim=0).values[position - 1, : spectrum.rank]
        failed = (values <= null).nonzero()
        tau_noise = float(null[failed[0, 0]] if len(failed) else null[-1])
        return Decision(
            tau_strong=max(tukey_fence(values), tau_noise),
            tau_noise=tau_noise,
            note=(self.note or _COLUMNS).format(count),
        )


_COLUMNS = (
    "Assumes noise that is independent between columns, of any size in each ({} shuffles); correlated noise would "
    "count as signal."
)


def _rows_behind(spectrum: Spectrum, evidence: Evidence) -> Float[Tensor, "m n"]:
    """Return the centred rows in float64, checked to be those of the spectrum."""
    if evidence.features is None:
        raise DataError('rule "parallel" needs the rows behind the spectrum; got none: pass features=x')
    rows = evidence.features.to(spectrum.singular_values)
    mean = rows.mean(dim=0)
    energy = float(rows.square().sum()) - (spectrum.mean is not None) * len(rows) * float(mean.square().sum())
    expected = float(spectrum.energies.sum())
    # 1 %: rows may be stored in half precision; other rows are off by far more.
    if len(rows) != spectrum.n_samples or not math.isclose(energy, expected, rel_tol=0.01):
        raise DataError(
            "features must be the rows behind the spectrum; got "
            f"{len(rows)} rows of energy {energy:.4g}, but the spectrum has {spectrum.n_samples} and {expected:.4g}"
        )
    return rows - mean
