"""What `SDELoss` adds to a contrastive loss, and how much of it when."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Literal, Self, TypeVar

from sde_core.checks.brief import brief
from sde_core.checks.settings import Help, Range, Share, Weight, check_settings, settings_of
from sde_core.errors import ConfigError
from sde_core.losses.terms import TERMS, Term
from sde_core.losses.terms.hellinger import Hellinger
from sde_core.losses.terms.subspace import Subspace
from sde_core.partition import Rule
from sde_core.shaping.curriculum import CurriculumConfig, Schedule

Draws = Literal["independent", "shared"]

_T = TypeVar("_T", bound=Term)
_NOISY = CurriculumConfig(strong="noise")


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class SDELossConfig:
    """Which terms `SDELoss` holds, their weights over training and how its basis is kept.

    The defaults are `paper()`, our reconstruction. Terms are given as such, or by flat keywords: the name of a term
    sets its weight, and what its class calls ``flat_name`` its other settings, on top of ``terms``; so
    ``SDELossConfig(hellinger=0, subspace_rank=8)`` is ``SDELossConfig(terms=(Subspace(rank=8),))``. The keywords are
    attributes too. A term with weight 0 costs nothing.

    Attributes:
        enhancement: curriculum of the enhanced view, or None for plain features.
        draws: "independent" draws the strong band's noise for each modality; "shared" gives the i-th direction
            of both the same draw.
        rule: name or callable that partitions the directions of a batch.
        center: None leaves the cone in the spectra, "mean" takes each modality's mean off.
        terms: of the spectral loss, each at most once; `sde_core.losses.terms.TERMS` lists them.
        weight_start: lambda, the weight of all spectral terms, at the end of the warm-up; at least 0.
        weight_end: lambda at the end of training, at least 0.
        schedule: "cosine", "linear", "step" or "constant" between the two.
        warmup: share of training in [0, 1) over which lambda rises linearly from 0.
        basis_memory: decay in [0, 1) of the running Gram matrices behind basis and partition, per
            refresh; 0 takes the batch alone.
        refresh_every: steps between two looks at basis and partition, at least 1.
        spectral_every: steps between two evaluations of the spectral terms, at least 1; in between the
            spectral loss is 0, and what is evaluated counts ``spectral_every`` times (lazy
            regularisation, Karras et al. 2020), so that the pull over training stays the same.
        total_steps: optimiser steps of the whole training, to count progress by; None leaves progress
            to `SDELoss.follow` or `SDELoss.set_progress`.
        calls_per_step: calls of the loss per optimiser step (open_clip's --accum-freq), at least 1.
        seed: of the strong band's noise, at least 0.

    Raises:
        ConfigError: a value outside its range, an unknown name, or a term twice.

    >>> config = SDELossConfig(hellinger=0, spectral_contrast=1)
    >>> [term.name for term in config.terms], config.subspace_rank
    (['subspace', 'spectral_contrast'], 16)
    """

    enhancement: CurriculumConfig | None = _NOISY
    draws: Annotated[Draws, Help("of the strong band's noise for image and text")] = "independent"
    rule: str | Rule = "mp-iqr"
    center: Annotated[Literal["mean"] | None, Help("mean takes each modality's mean off")] = None
    weight_start: Annotated[float, Weight, Help("lambda, the weight of all terms, at the start")] = 1.0
    weight_end: Annotated[float, Weight, Help("lambda at the end")] = 0.1
    schedule: Annotated[Schedule, Help("of lambda")] = "cosine"
    warmup: Annotated[float, Share, Help("share of training over which lambda rises from 0")] = 0.0
    terms: tuple[Term, ...] = ()
    basis_memory: Annotated[float, Share, Help("decay of the running Gram matrices behind the basis")] = 0.0
    refresh_every: Annotated[int, Range(1), Help("steps between two looks at the basis")] = 4
    spectral_every: Annotated[int, Range(1), Help("steps between two evaluations of the terms")] = 4
    total_steps: Annotated[int | None, Range(1), Help("of the whole training")] = None
    calls_per_step: Annotated[int, Range(1), Help("calls of the loss per optimiser step")] = 1
    seed: Annotated[int, Range(0), Help("of the strong band's noise")] = 0

    __repr__ = brief

    def __init__(self, *, terms: Iterable[Term] | None = None, **settings: Any) -> None:  # noqa: ANN401
        given = _DEFAULT_TERMS if terms is None else tuple(terms)
        for field in fields(self):
            if field.name != "terms":
                object.__setattr__(self, field.name, settings.pop(field.name, field.default))
        object.__setattr__(self, "terms", _ordered(_with_flat(given, settings)))
        check_settings(self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return a setting of a term by its flat keyword."""
        if not name.startswith("_"):
            for cls in sorted(TERMS, key=lambda cls: self.term(cls).weight == 0):
                for setting in settings_of(cls):
                    if cls.flat_name(setting.name) == name:
                        return getattr(self.term(cls), setting.name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def term(self, cls: type[_T]) -> _T:
        """Return the term of a class; with weight 0 if there is none."""
        return next((x for x in self.terms if isinstance(x, cls)), _off(cls))

    def replaced(self, **changes: Any) -> Self:  # noqa: ANN401
        """Return these settings with others by their keywords, those of terms included."""
        return replace(self, **changes)

    def flat(self) -> dict[str, Any]:
        """Return every setting by its keyword, those of all known terms included: `SDELossConfig(**flat)` is this."""
        found: dict[str, Any] = {}
        for field in fields(self):
            if field.name != "terms":
                found[field.name] = getattr(self, field.name)
            else:
                found |= {name: getattr(self, name) for name in term_keywords()}
        return found

    @classmethod
    def paper(
        cls,
        *,
        hellinger_form: Literal["squared", "distance"] = "squared",
        draws: Draws = "independent",
        subspace_form: Literal["projector", "captured"] = "projector",
        weight: float = 1.0,
        total_steps: int | None = None,
        calls_per_step: int = 1,
        seed: int = 0,
    ) -> Self:
        """Return our reconstruction of the published method, every choice spelled out.

        [P] enhanced features in InfoNCE, Hellinger and subspace terms, both fading over training.
        [R] every number, the noise mode of the strong band, no centring, and the four choices that have a name
        here. Not the authors' code. Basis and terms are looked at on every fourth step: the same validation at a
        fraction of the time (docs/benchmarks.md); 1 for ``refresh_every`` and ``spectral_every`` looks at every step.

        Args:
            hellinger_form: [R] the article says Hellinger distance; its square is what we take.
            draws: [R] whether both modalities share the strong band's noise; the article does not say.
            subspace_form: [R] of the deviation of the Gram matrix; the projector form does not see signs and rotations
                inside the subspaces.
            weight: [R] lambda at the start, at least 0; a tenth of it at the end.
            total_steps: as the attribute.
            calls_per_step: as the attribute.
            seed: as the attribute.

        Source: docs/method.md, sections 3 and 4.
        """
        return cls(
            enhancement=CurriculumConfig(strong="noise", start=0.5, end=0.05, schedule="cosine", rho=1.0),
            draws=draws,
            rule="mp-iqr",
            center=None,
            weight_start=weight,
            weight_end=weight / 10,
            schedule="cosine",
            hellinger=1.0,
            hellinger_on="values",
            hellinger_form=hellinger_form,
            subspace=1.0,
            subspace_form=subspace_form,
            subspace_rank=16,
            component_contrast=0.0,
            refresh_every=4,
            spectral_every=4,
            total_steps=total_steps,
            calls_per_step=calls_per_step,
            seed=seed,
        )

    @classmethod
    def recommended(
        cls,
        *,
        from_scratch: bool = False,
        total_steps: int | None = None,
        calls_per_step: int = 1,
        seed: int = 0,
    ) -> Self:
        """Return the preset that our own measurements support.

        For an encoder that was trained before: plain InfoNCE, no term of SDE. Nothing passed the rule that was fixed
        before the runs (benchmarks/evidence/PROTOCOL.md), which asks for a gain in fine-tuning too. For projections
        that start at random: InfoNCE and whitened agreement [X] by both modalities' covariance, which beat a tuned
        InfoNCE twice, with new seeds each time, on another set, on an unseen style, on other towers and from 500 to
        5,000 pairs. docs/results.md has the numbers, and a test holds both presets to them. `paper` is the
        reconstruction to compare with.

        Args:
            from_scratch: whether what is trained starts at random.
            total_steps: as the attribute.
            calls_per_step: as the attribute.
            seed: as the attribute.
        """
        return cls(
            enhancement=None,
            hellinger=0.0,
            subspace=0.0,
            component_contrast=0.0,
            **(_FROM_SCRATCH if from_scratch else {}),
            total_steps=total_steps,
            calls_per_step=calls_per_step,
            seed=seed,
        )


_DEFAULT_TERMS = (Hellinger(), Subspace())
_FROM_SCRATCH: dict[str, Any] = {
    "weight_end": 1.0,
    "schedule": "constant",
    "whitening": 3.0,
    "whitening_by": "both",
    "whitening_shrinkage": 0.1,
    "spectral_every": 1,
}


def term_keywords() -> dict[str, str]:
    """Return the flat keywords of all known terms, each with what it is and may be."""
    found: dict[str, str] = {}
    for cls in TERMS:
        for setting in settings_of(cls):
            words = f"weight {setting.words}" if setting.name == "weight" else setting.words
            found.setdefault(cls.flat_name(setting.name), words)
    return found


def keywords() -> dict[str, str]:
    """Return every keyword of `SDELossConfig` but ``terms``, each with what it is and may be."""
    found: dict[str, str] = {}
    for setting in settings_of(SDELossConfig):
        if setting.name == "terms":
            found |= term_keywords()
        else:
            found[setting.name] = setting.words
    return found


def _off(cls: type[_T]) -> _T:
    return cls(weight=0.0)  # type: ignore[call-arg]


def _with_flat(terms: tuple[Term, ...], flat: dict[str, Any]) -> list[Term]:
    """Return ``terms`` with the settings that flat keywords name."""
    found: dict[type[Term], Term] = {type(term): term for term in terms}
    if len(found) < len(terms):
        raise ConfigError(f"terms must hold each term once; got {', '.join(term.name for term in terms)}")
    unknown = set(flat)
    for cls in TERMS:
        names = {cls.flat_name(setting.name): setting.name for setting in settings_of(cls)}
        changes = {names[key]: value for key, value in flat.items() if key in names}
        unknown -= set(names)
        if changes:
            found[cls] = replace(found.get(cls, _off(cls)), **changes)  # type: ignore[type-var]
    if unknown:
        raise TypeError(f"SDELossConfig has no setting {', '.join(sorted(unknown))}")
    return list(found.values())


def _ordered(terms: list[Term]) -> tuple[Term, ...]:
    """Return the terms in the order of `TERMS`, less those that say no more than that they are off."""
    places = {cls: i for i, cls in enumerate(TERMS)}
    kept = [term for term in terms if term != _off(type(term))]
    return tuple(sorted(kept, key=lambda term: places.get(type(term), len(places))))
