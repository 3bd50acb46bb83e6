"""Every treatment by name, fitted in one call and ranked by one code path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.threads import side_by_side
from sde_core.errors import ConfigError, DataError
from sde_core.glossary.term import Term
from sde_core.treatments.banks import is_small
from sde_core.treatments.chosen import Tensors, choose_setting, held_out_pairs
from sde_core.treatments.gains import (
    DEFAULT_TREATMENT,
    KINDS,
    Kind,
    Paired,
    TreatmentConfig,
    fit_treatment,
    gains_over,
    treatment_of,
)
from sde_core.treatments.reference import Reference
from sde_core.treatments.treatment import RAW, ROW_NAMES, Treatment
from sde_core.treatments.way import Way
from sde_core.treatments.ways import RAW_TERM, WAYS


def baseline_names() -> tuple[str, ...]:
    """Return the names that `fit_baseline` knows, in the order of a table."""
    return ("raw", *WAYS)


def baseline_term(name: str) -> Term:
    """Return what a baseline does, in one sentence with its equation and source.

    Args:
        name: of `baseline_names`.

    Raises:
        ConfigError: unknown name (the names are listed).
    """
    return RAW_TERM if name == "raw" else _way(name).term


def fit_baseline(
    name: str, image: MatrixLike, text: MatrixLike, *, paired: Paired | None = None, seed: int = 0
) -> Treatment:
    """Return a baseline, fitted on reference embeddings of both modalities.

    With reference pairs its settings are chosen on a quarter of them that the rest does not know, and it is fitted on
    all rows with what was best (`Treatment.sweep`). Without pairs, or with fewer than 40 that ask, it has its default
    settings: neighbour counts are lowered to the number of reference rows, "pca-truncation" and "joint-pca" keep the
    directions that rule "mp-iqr" calls strong or weak, at least 1.
    Either way it sees nothing of what is tested when it is fitted; "dbsn-transductive" reads all queries when it ranks.

    Args:
        name: one of `baseline_names`.
        image: (a, n) reference images; scaled to unit length by the scores, taken as they are by the maps.
        text: (b, n) reference texts; they need not be paired with ``image``.
        paired: (m, n) images and (m, n) texts of the reference that belong together, row by row.
        seed: of which pairs ask.

    Raises:
        ConfigError: unknown name (the names are listed), or it is fitted on pairs and there are none.
        DataError: not finite, a row of zeros, other widths, or one row or equal rows where their mean is taken off.

    Source: docs/method.md, section 7.

    >>> import torch
    >>> image, text = torch.randn(30, 4), torch.randn(30, 4)
    >>> ranks = fit_baseline("mean-shift", image, text).ranks(image, text, range(30))
    """
    if name == RAW.name:
        return RAW
    held_out = None if paired is None or not _way(name).settings else _held_out(paired, seed)
    return _fitted(name, Reference(image, text, paired), held_out)


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """Pairs of the reference that settings are fitted on, and pairs that ask."""

    known: Reference
    n_fitted: int
    asking: Tensors


def _held_out(paired: Paired, seed: int) -> _HeldOut | None:
    parts = held_out_pairs(paired, seed=seed)
    return parts and _HeldOut(
        Reference(*parts[0], paired=parts[0], for_settings=True), len(parts[0][0]), parts[1]
    )


def _fitted(name: str, reference: Reference, held_out: _HeldOut | None) -> Treatment:
    """Return a baseline with the setting that finds held-out pairs best; without them, with its default setting."""
    way = _way(name)
    if way.centres and reference.constant:
        count = len(getattr(reference, reference.constant))
        raise DataError(
            f"{reference.constant} must hold different rows where {name} is fitted, which takes their mean off; "
            f"{'there is one row' if count == 1 else f'all {count:,} are equal'}: fit on more of the set, or leave "
            f"{name} out of the table"
        )
    if held_out is None or way.settings is None:
        return Treatment(name=name, **way.fit(reference, {}))
    known, n_fitted, asking = held_out.known, held_out.n_fitted, held_out.asking
    sweep = choose_setting(
        lambda setting: Treatment(name=name, **way.fit(known, setting)),
        way.settings(asking[0].shape[1], n_fitted),
        asking,
        n_fitted=n_fitted,
    )
    return Treatment(name=name, sweep=sweep, **way.fit(reference, sweep.setting))


def fit_all(
    image: MatrixLike,
    text: MatrixLike,
    *,
    paired: Paired | None = None,
    config: TreatmentConfig = DEFAULT_TREATMENT,
    names: Sequence[str] | None = None,
) -> list[Treatment]:
    """Return the rows of a comparison, fitted on one reference: raw first, both treatments, every baseline.

    With ``paired``, baselines have settings that were chosen on held-out pairs of the reference, as in `fit_baseline`.

    Args:
        image: (a, n) reference images.
        text: (b, n) reference texts.
        paired: reference pairs, for the settings of the baselines and for rule "cross-modal".
        config: of the two treatments; its ``kind`` does not matter.
        names: which, of `comparison_names`; None takes all, without ``paired`` all that need no pairs. "raw" always
            comes first.

    Raises:
        ConfigError: unknown name (the names are listed), or one that is fitted on pairs without ``paired``.
    """
    known = comparison_names()
    wanted = known if names is None else tuple(names)
    for name in wanted:
        if name not in known:
            raise ConfigError(f"names must be among {', '.join(known)}; got {name!r}")
    lacking = {name for name in WAYS if WAYS[name].needs_pairs} if paired is None else set()
    if names is None:
        wanted = tuple(name for name in known if name not in lacking)
    chosen = [name for name in known if name in ("raw", *wanted)]
    reference = Reference(image, text, paired)
    needs = any(name in WAYS and WAYS[name].settings for name in chosen)
    held_out = _held_out(paired, config.seed) if paired is not None and needs else None
    kinds = {ROW_NAMES[kind]: kind for kind in KINDS if ROW_NAMES[kind] in chosen}
    fitted = {RAW.name: RAW} | (_fit_gains(kinds, reference, config) if kinds else {})
    baselines = [name for name in chosen if name not in fitted]
    work = partial(_fitted, reference=reference, held_out=held_out)
    fitted |= zip(baselines, (side_by_side if is_small(image, text) else map)(work, baselines), strict=True)
    return [fitted[name] for name in chosen]


def comparison_names() -> tuple[str, ...]:
    """Return the names that `fit_all` knows, in the order of a table."""
    raw, *others = baseline_names()
    return (raw, *ROW_NAMES.values(), *others)


def _fit_gains(
    kinds: Mapping[str, Kind], reference: Reference, config: TreatmentConfig
) -> dict[str, Treatment]:
    """Return our rows by name; all are gains over the same bands of one decomposition a modality."""
    sides = [fit_treatment(x, config, paired=reference.paired) for x in (reference.image, reference.text)]
    made = {}
    for name, kind in kinds.items():
        image, text = (gains_over(x.spectrum, x.partition, replace(config, kind=kind)) for x in sides)
        made[name] = treatment_of(image, text)
    return made


def _way(name: str) -> Way:
    if name not in WAYS:
        raise ConfigError(f"name must be one of {', '.join(baseline_names())}; got {name!r}")
    return WAYS[name]
