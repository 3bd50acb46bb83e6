"""What each band of a set knows of its columns, and the names of its first directions, for a report."""

from typing import Any
from urllib.parse import parse_qs

from sde_core.files.text_file import finite
from sde_core.knowledge import BandKnowledge, band_knowledge, direction_names
from sde_core.knowledge.names import renamed
from sde_core.partition import partition_spectrum
from sde_core.partition.manual import move_thresholds
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.treatments.gains import TreatmentConfig
from sde_core.vocabulary import BANDS, MODALITIES, Modality

N_NAMED = 10
"""Directions that the report names; those that a person named come besides."""
_MOST_COLUMNS = 12


def knowledge_facts(embeddings: EmbeddingSet, config: TreatmentConfig, link: str = "") -> dict[str, Any]:
    """Return, by modality, where each column of the metadata lives and what directions are named after; {} without any.

    Args:
        embeddings: the set.
        config: rule, thresholds and centring.
        link: query of the dashboard's address, whose ``names`` are what a person calls directions.
    """
    if not embeddings.metadata:
        return {}
    return {str(side): _of_side(embeddings, side, config, link) for side in MODALITIES}


def _of_side(embeddings: EmbeddingSet, side: Modality, config: TreatmentConfig, link: str) -> dict[str, Any]:
    rows = embeddings.vectors(side)
    spectrum = compute_spectrum(rows, center=config.center)
    own = partition_spectrum(
        spectrum, config.rule, features=rows, paired=embeddings.paired_or_none(), seed=config.seed
    )
    partition = move_thresholds(spectrum, own, noise=config.noise_factor, strong=config.strong_factor)
    known = band_knowledge(embeddings, side=side, spectrum=spectrum, partition=partition, seed=config.seed)
    given = _given_names(link, side)
    names = renamed(direction_names(known), given)
    shown = sorted({*range(1, min(N_NAMED, len(names)) + 1), *(n for n in given if 1 <= n <= len(names))})
    return {
        "bands": [BANDS[label] for label in partition.labels.tolist()],
        "columns": [_column(known, name) for name in _columns_shown(known)],
        "silent": [
            {"name": c.name, "reason": c.reason or "no direction knows it"}
            for c in known.columns
            if c.says_nothing
        ],
        "names": [
            {"direction": n, "band": BANDS[int(partition.labels[n - 1])], "name": str(names[n - 1])}
            for n in shown
        ],
    }


def _columns_shown(known: BandKnowledge) -> list[str]:
    telling = [column for column in known.columns if not column.says_nothing]
    return [c.name for c in sorted(telling, key=lambda c: -c.share_of_variance)[:_MOST_COLUMNS]]


def _column(known: BandKnowledge, name: str) -> dict[str, Any]:
    column = known[name]
    content: dict[str, Any] = finite(
        {
            "name": name,
            "kind": column.kind,
            "n_values": column.n_values,
            "shares": dict(zip(BANDS, column.shares(known.labels), strict=True)),
            "intervals": dict(zip(BANDS, map(list, column.intervals(known.labels)), strict=False)),
            "share_of_variance": column.share_of_variance,
            "directions": int(column.significant.sum()),
        }
    )
    return content


def _given_names(link: str, side: Modality) -> dict[int, str]:
    """Return what a person calls directions, from ``names=image 4 yellow against blue`` of a link."""
    found = {}
    for name in parse_qs(link).get("names", []):
        whose, _, rest = name.partition(" ")
        number, _, words = rest.partition(" ")
        if whose == side and number.isdecimal() and words.strip():
            found[int(number)] = words.strip()
    return found
