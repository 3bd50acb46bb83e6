"""What compares two sets, as jobs: spaces, neighbours, retrieval, subspaces, how separate directions are."""

import hashlib
from functools import partial
from typing import TYPE_CHECKING, cast

import streamlit as st

from sde_explorer.compare.cached.both import Common, spectra_of
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.compare.numbers.rows import MOST_ROWS, PairRows
from sde_explorer.compare.numbers.treated import taken
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached.exact import Best, best

if TYPE_CHECKING:
    from collections.abc import Callable

    from sde_core.partition import Bands
    from sde_explorer.compare.numbers.measures import ComparedSets
    from sde_explorer.jobs import Job


_ALL = "compare_all_asked"
_WHOLE = ("similarity", "neighbours image", "neighbours text", "retrieval")
"""What can be asked of all rows: the rest is exact, or a property of a sample."""


def asks_all(found: Common) -> bool:
    """Return whether this session asked for all rows of both sets."""
    return bool(st.session_state.get(_ALL) == found.key)


def ask_all(key: str) -> None:
    """Compare all rows of two sets from now on; a stopped attempt begins again.

    Args:
        key: of both sets.
    """
    st.session_state[_ALL] = key
    for what in _WHOLE:
        background.begin_again(_key(what, f"{key}/all"))


def is_sampled(found: Common) -> bool:
    """Return whether both sets have more rows than are compared at first."""
    return found.is_paired and max(found.a.embeddings.n_images, len(found.texts.first)) > MOST_ROWS


def pairs_of(found: Common, *, whole: bool = False) -> PairRows:
    """Return the pairs that both sets have, all or a seeded sample."""
    return _pair_rows(found.key, 0 if whole else MOST_ROWS, found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pair_rows(key: str, most: int, _found: Common) -> PairRows:
    return compare.pair_rows(_found.a.embeddings, _found.texts, most)


def similarity(found: Common, *, whole: bool = False) -> "Job":
    """Return the job whose result is the `Similarity` of both sets."""
    from sde_explorer.compare.numbers.measures import Similarity, similarity

    a, b = found.sources
    images = compare.items_of(a, found.texts, "image", 0 if whole else MOST_ROWS)
    pairs = pairs_of(found, whole=whole)

    def work(job: "Job") -> Similarity:
        return similarity(a, b, images, pairs, job.report)

    return rows_job("similarity", found.key, "Comparing the spaces (CKA)", work, whole=whole)


def neighbours(found: Common, modality: str, *, whole: bool = False) -> "Job":
    """Return the job whose result is `Neighbours` of one modality."""
    from sde_explorer.compare.numbers.measures import Neighbours, neighbours

    a, b = found.sources
    items = compare.items_of(a, found.texts, modality, 0 if whole else MOST_ROWS)

    def work(job: "Job") -> Neighbours:
        return neighbours(modality, a, b, items, job.report)

    return rows_job(
        f"neighbours {modality}", found.key, f"Looking for neighbours, {modality}", work, whole=whole
    )


def retrieval(found: Common, *, whole: bool = False) -> "Job":
    """Return the job whose result is `ComparedSets`."""
    from sde_explorer.compare.numbers.measures import ComparedSets, compared_retrieval

    (a, b), pairs = found.sources, pairs_of(found, whole=whole)

    def work(job: "Job") -> ComparedSets:
        return compared_retrieval(a, b, pairs, job.report)

    return rows_job("retrieval", found.key, "Searching in both sets", work, whole=whole)


def known_retrieval(found: Common) -> "ComparedSets | None":
    """Return what the page would show of retrieval without beginning anything; None where that is nothing yet."""
    ends = ("/all", "") if asks_all(found) else ("",)
    there = (background.finished(_key("retrieval", f"{found.key}{end}")) for end in ends)
    return cast("ComparedSets | None", next((one for one in there if one is not None), None))


def subspaces(found: Common, center: str, pairs: "list[tuple[Bands, Bands]]") -> Best:
    """Return the jobs whose results are `Subspaces` of each modality.

    Args:
        found: both sets.
        center: "removed" or "kept" mean.
        pairs: bands of each modality in A and in B.
    """
    return best(
        "subspaces", _of(found, center, pairs), [partial(_subspaces, found, center, two) for two in pairs]
    )


def _subspaces(found: Common, center: str, reports: "tuple[Bands, Bands]", whole: bool) -> "Job":
    from sde_explorer.compare.numbers.subspaces import Side, Subspaces, compare_subspaces

    modality = reports[0].modality
    items = compare.items_of(found.a.embeddings, found.texts, modality, 0 if whole else MOST_ROWS)
    sources, spectra = found.sources, spectra_of(found, modality, center)

    def work(job: "Job") -> Subspaces:
        job.report(0.0, "random subspaces for comparison")
        a, b = (
            Side(rows=taken(one, modality, rows), spectrum=known, labels=report.labels)
            for one, rows, known, report in zip(
                sources, (items.first, items.second), spectra, reports, strict=True
            )
        )
        return compare_subspaces(modality, a, b, items)

    key = f"{found.key}/{center}/{_labels_of(reports)}"
    return rows_job(f"subspaces {modality}", key, f"Comparing subspaces, {modality}", work, whole=whole)


def separate(found: Common, center: str, pairs: "list[tuple[Bands, Bands]]") -> Best:
    """Return the jobs whose results are `Separate` of each modality, by the columns of A.

    Args:
        found: both sets, their pictures row by row.
        center: "removed" or "kept" mean.
        pairs: bands of each modality in A and in B.
    """
    return best(
        "separate", _of(found, center, pairs), [partial(_separate, found, center, two) for two in pairs]
    )


def _separate(found: Common, center: str, reports: "tuple[Bands, Bands]", whole: bool) -> "Job":
    from sde_explorer.compare.numbers.separate import MOST_ROWS as SEPARATE_ROWS
    from sde_explorer.compare.numbers.separate import Part, Separate, separate

    modality = reports[0].modality
    a, b = (
        Part(embeddings=source, spectrum=known, partition=report.partition)
        for source, known, report in zip(
            found.sources, spectra_of(found, modality, center), reports, strict=True
        )
    )

    def work(job: "Job") -> Separate:
        return separate(modality, a, b, job.report, most=0 if whole else SEPARATE_ROWS)

    key = f"{found.key}/{center}/{_labels_of(reports)}"
    title = f"How separate {modality} directions are"
    return rows_job(f"separate {modality}", key, title, work, whole=whole)


def _of(found: Common, center: str, pairs: "list[tuple[Bands, Bands]]") -> str:
    return "/".join((found.key, center, *(_labels_of(two) for two in pairs)))


def _labels_of(reports: "tuple[Bands, Bands]") -> str:
    return hashlib.sha256(b"".join(report.labels.tobytes() for report in reports)).hexdigest()[:16]


def _key(what: str, key: str) -> str:
    return f"compare {what}/{key}"


def rows_job(
    what: str, key: str, title: str, work: "Callable[[Job], object]", *, whole: bool = False
) -> "Job":
    """Return a job; that of all rows has a lane and a place of its own, beside the one of the sample.

    Args:
        what: is compared.
        key: of what it depends on.
        title: in words.
        work: as of `Job`.
        whole: whether of all rows.
    """
    if not whole:
        return background.in_background(f"compare {what}", _key(what, key), title, work)
    return background.in_background(
        f"compare {what} all", _key(what, f"{key}/all"), f"{title}, all rows", work, lane="compare all"
    )
