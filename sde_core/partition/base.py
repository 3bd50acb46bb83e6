"""What a partition is, what a rule is, and the one call that applies a rule to a spectrum."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.drawn import drawn, plotted
from sde_core.checks.matrices import MatrixLike, as_matrix, as_paired_matrices
from sde_core.errors import ConfigError, DataError
from sde_core.glossary.term import Term
from sde_core.partition.marchenko_pastur import bulk_distance
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


# Rules that ship with the library: name -> module and function, imported when first used.
_BUNDLED = {
    "mp-iqr": "sde_core.partition.mp_iqr:MpIqrRule",
    "energy": "sde_core.partition.energy:EnergyRule",
    "gavish-donoho": "sde_core.partition.gavish_donoho:GavishDonohoRule",
    "screenot": "sde_core.partition.screenot:ScreeNotRule",
    "parallel": "sde_core.partition.parallel:ParallelRule",
    "bema": "sde_core.partition.bema:BemaRule",
    "cross-modal": "sde_core.partition.cross_modal:CrossModalRule",
    "known": "sde_core.partition.known:KnownRule",
    "manual": "sde_core.partition.manual:manual",
}
_registered: dict[str, Rule] = {}


def rule_names() -> tuple[str, ...]:
    """Return the names that `partition_spectrum` knows, bundled ones first."""
    return (*_BUNDLED, *(name for name in _registered if name not in _BUNDLED))


def rule_term(name: str) -> Term:
    """Return what a rule does, as people read it: its own ``about``, or the first line of its docstring.

    Args:
        name: of `rule_names`.

    Raises:
        ConfigError: unknown rule (the names are listed).

    >>> rule_term("energy").equation
    '2.8'
    """
    rule = _resolve(name)[1]
    about = getattr(rule, "about", None)
    if isinstance(about, Term):
        return about
    said = (getattr(rule, "__doc__", None) or "A rule of this process.").strip().splitlines()[0]
    return Term(key=name, name=name, sentence=said)


def has_thresholds(rule: str | Rule) -> bool:
    """Return whether a rule cuts by two thresholds; one that labels directions one by one says so of itself.

    Raises:
        ConfigError: unknown rule (the names are listed).
    """
    return bool(getattr(_resolve(rule)[1], "has_thresholds", True))


def register_rule(name: str, rule: Rule) -> None:
    """Make ``rule`` known to `partition_spectrum` as ``name`` for this process.

    Raises:
        ConfigError: the name is empty or taken by a bundled rule.
    """
    if not name or name in _BUNDLED:
        raise ConfigError(f"name must be new and not empty; got {name!r}")
    _registered[name] = rule


def partition_spectrum(
    spectrum: Spectrum,
    rule: str | Rule = "mp-iqr",
    features: MatrixLike | None = None,
    paired: Paired | Callable[[], Paired | None] | None = None,
    seed: int = 0,
) -> Partition:
    """Return strong, weak and noise directions of ``spectrum`` by ``rule``.

    The note of the result says what the rule assumed and whether that holds; ``fits_bulk`` is the part
    of it that concerns the Marchenko-Pastur law. A spectrum without directions is not shown to the rule.

    Args:
        spectrum: from `compute_spectrum` or `SpectrumAccumulator.spectrum`.
        rule: a name of `rule_names`, or any callable (spectrum, evidence) -> `Decision`, such as
            ``ManualRule(tau_strong=9.0, tau_noise=4.0)``.
        features: (m, n) rows behind the spectrum, for rules that permute them ("parallel").
        paired: (image, text), (p, n) each, row by row, for "cross-modal"; or what returns them, called if the rule
            looks at them.
        seed: for rules that permute.

    Returns:
        Partition: labels in the order of the singular values.

    Raises:
        ConfigError: unknown rule (the names are listed) or a bad parameter of the rule.
        DataError: features or pairs that the rule needs are missing or of another width.

    Source: docs/method.md, section 2.
    """
    name, function = _resolve(rule)
    _check_widths(spectrum, features, paired)
    evidence = Evidence(features=features, paired=paired, seed=seed)
    decision = function(spectrum, evidence) if spectrum.rank else _NOTHING
    labels = _labels(spectrum, decision)
    distance = _fit_distance(spectrum, labels, decision)
    note = decision.note
    if decision.assumes_iid:
        note = f"{note.rstrip(' .')}; {_verdict(distance, int((labels == NOISE).sum()))}."
    return Partition(
        labels=labels,
        tau_strong=decision.tau_strong,
        tau_noise=decision.tau_noise,
        noise_scale=decision.noise_scale,
        fit_distance=distance,
        rule=name,
        note=note,
    )


_NOTHING = Decision(tau_strong=0.0, tau_noise=0.0, note="The matrix is constant: there is nothing to split.")


def _resolve(rule: str | Rule) -> tuple[str, Rule]:
    if not isinstance(rule, str) and not callable(rule):
        raise ConfigError(f"rule must be a name or a callable; got {rule!r}")
    if not isinstance(rule, str):
        return str(getattr(rule, "name", getattr(rule, "__name__", type(rule).__name__))), rule
    if rule in _registered:
        return rule, _registered[rule]
    if rule not in _BUNDLED:
        raise ConfigError(f"rule must be one of {', '.join(rule_names())}; got {rule!r}")
    module, _, attribute = _BUNDLED[rule].partition(":")
    found = getattr(import_module(module), attribute)
    return rule, found() if isinstance(found, type) else found


def _labels(spectrum: Spectrum, decision: Decision) -> Tensor:
    values = spectrum.singular_values
    if decision.labels is not None:
        if decision.labels.shape != values.shape:
            raise ConfigError(
                f"rule must label {len(values)} directions; got shape {tuple(decision.labels.shape)}"
            )
        labels = decision.labels.to(values.device, torch.int64)
        wild = labels[(labels < STRONG) | (labels > NOISE)]
        if len(wild):
            raise ConfigError(f"rule must label directions 0, 1 or 2; got {int(wild[0])}")
        return labels
    if not decision.tau_noise <= decision.tau_strong:
        raise ConfigError(
            "thresholds must satisfy tau_noise <= tau_strong; "
            f"got tau_noise={decision.tau_noise:g}, tau_strong={decision.tau_strong:g}"
        )
    labels = torch.full(values.shape, WEAK, dtype=torch.int64, device=values.device)
    labels[values > decision.tau_strong] = STRONG
    labels[values <= decision.tau_noise] = NOISE
    return labels


def _fit_distance(spectrum: Spectrum, labels: Tensor, decision: Decision) -> float | None:
    """Return how far the noise part is from the law of what is left without the other directions."""
    noise = spectrum.singular_values[labels == NOISE]
    if len(noise) < 8:  # a distance of a handful of points says nothing
        return None
    taken = spectrum.rank - len(noise)
    larger = max(spectrum.larger_side - taken, len(noise))
    upper = decision.tau_noise if math.isfinite(decision.tau_noise) else math.inf
    return bulk_distance(noise, aspect=len(noise) / larger, larger=larger, upper=upper)


def _verdict(distance: float | None, n_noise: int) -> str:
    if distance is None:
        return f"too few noise directions to check ({n_noise})"
    if distance <= fit_limit(n_noise):
        return f"Marchenko-Pastur fits the bulk (KS {distance:.2f})"
    return (
        f"Marchenko-Pastur does NOT fit the bulk (KS {distance:.2f}): the noise edge is not to be trusted, "
        "compare with screenot or parallel"
    )


def _check_widths(
    spectrum: Spectrum, features: MatrixLike | None, paired: Paired | Callable[[], Paired | None] | None
) -> None:
    paired = None if callable(paired) else paired
    if paired is not None and len(paired) != 2:
        raise DataError(f"paired must be (image, text); got {len(paired)} entries")
    given = {
        "features": features,
        **({} if paired is None else {f"paired[{i}]": x for i, x in enumerate(paired)}),
    }
    shapes = {name: _shape(x, name) for name, x in given.items() if x is not None}
    for name, shape in shapes.items():
        if shape[1] != spectrum.n_features:
            raise DataError(
                f"{name} must have {spectrum.n_features} columns like the spectrum; got shape {shape}"
            )
    if paired is not None and shapes["paired[0]"][0] != shapes["paired[1]"][0]:
        as_paired_matrices(*paired, ("paired[0]", "paired[1]"))  # says what is wrong


def _shape(x: MatrixLike, name: str) -> tuple[int, ...]:
    shape = getattr(x, "shape", None)
    return tuple(shape) if shape is not None and len(shape) == 2 else tuple(as_matrix(x, name).shape)
