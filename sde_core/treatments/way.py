"""How a baseline is fitted: of each modality by itself, of both together, or as a correction of scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sde_core.glossary.term import Term
from sde_core.retrieval.ranking import Score
from sde_core.treatments.reference import Reference
from sde_core.treatments.sweep import Setting
from sde_core.treatments.treatment import Map

Settings: TypeAlias = Callable[[int, int], Sequence[Setting]]
"""Width and number of reference rows -> what is tried, from what changes least to what changes most."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a baseline is fitted with a setting, which settings are tried, what is said of it, and what it reads.

    Attributes:
        fit: reference and setting -> what a `Treatment` is made of.
        term: its words.
        settings: what is tried; None where there is nothing to choose.
        needs_pairs: whether it is fitted on which rows belong together.
        transductive: whether it reads all queries of a test before it ranks one.
        centres: whether it takes the mean off, so that of equal rows nothing is left.
    """

    fit: Callable[[Reference, Setting], dict[str, Any]]
    term: Term
    settings: Settings | None = None
    needs_pairs: bool = False
    transductive: bool = False
    centres: bool = False


def map_way(
    fit: Callable[..., Map],
    key: str,
    sentence: str,
    equation: str,
    source: str = "",
    settings: Settings | None = None,
    *,
    centres: bool = False,
) -> Way:
    """Return a way that maps each modality by itself, and compares what comes out by cosine.

    Args:
        fit: (m, n) reference rows of one modality -> map; with ``settings`` it gets their centred spectrum instead.
        key: of the baseline.
        sentence: what it does.
        equation: of docs/method.md.
        source: who published it.
        settings: what is tried; None where there is nothing to choose.
        centres: whether it takes the mean off.
    """

    def both(reference: Reference, setting: Setting) -> dict[str, Any]:
        image, text = (reference.image, reference.text) if settings is None else reference.spectra
        return {"image_map": fit(image, **setting), "text_map": fit(text, **setting)}

    return Way(both, baseline_term(key, sentence, equation, source), settings, centres=centres)


def score_way(
    fit: Callable[..., Score], key: str, sentence: str, equation: str, source: str, settings: Settings
) -> Way:
    """Return a way that leaves the vectors and corrects their scores; ``fit`` gets the `Banks` of the reference."""
    return Way(
        lambda reference, setting: {"score": fit(reference.banks, **setting)},
        baseline_term(key, sentence, equation, source),
        settings,
    )


def maps_way(
    fit: Callable[..., tuple[Map | None, Map | None]],
    key: str,
    sentence: str,
    equation: str,
    source: str = "",
    settings: Settings | None = None,
    *,
    needs_pairs: bool = False,
    centres: bool = False,
) -> Way:
    """Return a way that maps both modalities together; ``fit`` gets the `Reference` and the setting by name."""

    def both(reference: Reference, setting: Setting) -> dict[str, Any]:
        image, text = fit(reference, **setting)
        return {"image_map": image, "text_map": text}

    return Way(both, baseline_term(key, sentence, equation, source), settings, needs_pairs, centres=centres)


def baseline_term(key: str, sentence: str, equation: str, source: str) -> Term:
    """Return the words of a baseline, whose name is its key."""
    return Term(key=key, name=key, sentence=sentence, equation=equation, source=source)
