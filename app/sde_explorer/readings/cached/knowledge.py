"""What the directions of a set know of its columns, measured beside the page, and the names that follow from it."""

from functools import lru_cache
from typing import TYPE_CHECKING

import sde_core as sde
from sde_core.knowledge import word_column
from sde_core.knowledge.names import renamed
from sde_core.knowledge.result import ColumnKnowledge
from sde_core.vocabulary import Modality
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import finished, in_background, is_known
from sde_explorer.readings.cached.sets import Dataset, server_folder
from sde_explorer.readings.cached.spectra import spectrum
from sde_explorer.readings.kept import Kept
from sde_explorer.url_values import named_directions

if TYPE_CHECKING:
    from sde_core.knowledge import Column


def knowledge(data: Dataset, side: str, center: str, given: str = "") -> Job:
    """Return the job whose result is the set's `sde.BandKnowledge`, for its metadata; it knows no thresholds.

    Args:
        data: the set.
        side: whose directions.
        center: "removed" or "kept" means.
        given: the column that is taken off first; "", or none of the set's, takes nothing off.
    """
    modality, given = Modality(side), _given(data, given)

    def work(job: Job) -> sde.BandKnowledge:
        return _known(data, center, modality, None, given, job)

    key = _key("metadata", data, side, center, given)
    return in_background(f"knowledge of {modality}", key, f"What {modality} directions know", work)


def further(data: Dataset, side: str, center: str, given: str = "", *, intervals: bool) -> Job:
    """Return the job that does the same for what every set has: image statistics, caption length, words.

    Args:
        data: the set.
        side: whose directions.
        center: "removed" or "kept" means.
        given: the column that is taken off first.
        intervals: whether the columns are shown; names of directions do without intervals, in a third of the time.
    """
    modality, given, cache = Modality(side), _given(data, given), server_folder() / "statistics"
    intervals = intervals or is_known(_key("further", data, side, center, given))

    def work(job: Job) -> sde.BandKnowledge:
        job.report(0.0, "reading the images")
        columns = sde.set_columns(
            data.embeddings,
            modality,
            cache=cache,
            progress=lambda done, total: job.report(0.8 * done / total),
        )
        made = {name: column for name, column in columns.items() if name not in data.embeddings.metadata}
        return _known(data, center, modality, made, given, job, intervals=intervals)

    what = "further" if intervals else "names"
    key = _key(what, data, side, center, given)
    return in_background(
        f"{what} columns",
        key,
        "What images and captions show",
        work,
        lane="further columns",
        # What an interval is taken of is megabytes, and as quick to make as to read.
        kept=None if intervals else Kept(classes=(sde.BandKnowledge, ColumnKnowledge, Modality)),
    )


def typed(data: Dataset, words: tuple[str, ...], side: str, center: str, given: str = "") -> Job:
    """Return the job that does the same for words that were typed: a column each of what captions hold them."""
    modality, given = Modality(side), _given(data, given)

    def work(job: Job) -> sde.BandKnowledge:
        columns = {word: word_column(data.embeddings, word, modality) for word in words}
        return _known(data, center, modality, columns, given, job)

    key = f"{_key('typed', data, side, center, given)}/{words}"
    return in_background("typed columns", key, "What directions know of typed words", work)


def direction_names(data: Dataset, side: str, center: str, own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the name of every direction of one modality, from what is known by now; () before anything is.

    Names that a person gave come first. Nothing is started and nothing is waited for.

    Args:
        data: the set.
        side: whose directions.
        center: "removed" or "kept" means.
        own: names that a person gave, as the state has them.
    """
    if side not in tuple(Modality):
        return ()
    found = [
        known
        for ways in (("metadata",), ("further", "names"))
        if (known := _finished(ways, data, side, center)) is not None
    ]
    called = named_directions(own, side)
    if not found and not called:
        return ()
    rank = spectrum(data, side, center).rank
    names = _names(*found) if found else tuple(sde.DirectionName(number=j + 1) for j in range(rank))
    return tuple(str(name) if found or name.own else "" for name in renamed(names, called))


def _finished(ways: tuple[str, ...], data: Dataset, side: str, center: str) -> sde.BandKnowledge | None:
    """Return the first of these that is known by now."""
    found = (finished(_key(what, data, side, center, "")) for what in ways)
    return next((known for known in found if isinstance(known, sde.BandKnowledge)), None)


@lru_cache(maxsize=32)
def _names(*found: sde.BandKnowledge) -> tuple[sde.DirectionName, ...]:
    return sde.direction_names(*found)


def _known(
    data: Dataset,
    center: str,
    side: Modality,
    columns: "dict[str, Column] | None",
    given: str,
    job: Job,
    *,
    intervals: bool = True,
) -> sde.BandKnowledge:
    return sde.band_knowledge(
        data.embeddings,
        columns,
        side=side,
        spectrum=spectrum(data, side, center),
        given=given,
        # Two hundred words beyond a column of many values would take minutes to resample.
        n_resamples=0 if not intervals or (given and columns) else 200,
        progress=lambda done, total: job.report(0.8 + 0.2 * done / total if columns else done / total),
    )


def _given(data: Dataset, column: str) -> str:
    return column if column in data.embeddings.metadata else ""


def _key(what: str, data: Dataset, side: str, center: str, given: str) -> str:
    return f"knowledge/{what}/{data.fingerprint}/{side}/{center}/{given}"
