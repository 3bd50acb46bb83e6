"""What the directions of a set know of its columns, measured beside the page, and the names that follow from it."""

from functools import lru_cache
from typing import TYPE_CHECKING

import sde_core as sde
from sde_core.knowledge import word_column
from sde_core.vocabulary import Modality
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import finished, in_background
from sde_explorer.readings.cached.sets import Dataset, server_folder
from sde_explorer.readings.cached.spectra import spectrum
from sde_explorer.readings.kept import Kept
from sde_explorer.url_values import named_directions

if TYPE_CHECKING:
    from sde_core.knowledge import Column

_SHOWN = "What images and captions show"


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


def further(data: Dataset, side: str, center: str, given: str = "") -> Job:
    """Return the job that does the same for what every set has: image statistics, caption length, words.

    Args:
        data: the set.
        side: whose directions.
        center: "removed" or "kept" means.
        given: the column that is taken off first.
    """
    modality, given = Modality(side), _given(data, given)

    def work(job: Job) -> sde.BandKnowledge:
        return _known(data, center, modality, _made_columns(data, modality, job), given, job)

    key = _key("further", data, side, center, given)
    return in_background("further columns", key, _SHOWN, work, lane="further columns")


def names(data: Dataset, side: str, center: str) -> Job:
    """Return the job whose result is what every direction is named after: its metadata, images and captions.

    Args:
        data: the set.
        side: whose directions.
        center: "removed" or "kept" means.
    """
    modality = Modality(side)

    def quickly(columns: "dict[str, Column] | None", job: Job) -> sde.BandKnowledge:
        # Names do without intervals, in a third of the time.
        return _known(data, center, modality, columns, "", job, intervals=False)

    def work(job: Job) -> tuple[str, ...]:
        found = []
        if data.embeddings.metadata:
            found.append(_finished("metadata", data, side, center) or quickly(None, job))
        made = _finished("further", data, side, center)
        found.append(made or quickly(_made_columns(data, modality, job), job))
        return _names(*found)

    key = _key("names", data, side, center, "")
    return in_background("names columns", key, _SHOWN, work, lane="further columns", kept=Kept())


def _made_columns(data: Dataset, modality: Modality, job: Job) -> "dict[str, Column]":
    """Return the columns that are made of images and captions; those of the set's own have their names."""
    job.report(0.0, "reading the images")
    columns = sde.set_columns(
        data.embeddings,
        modality,
        cache=server_folder() / "statistics",
        progress=lambda done, total: job.report(0.8 * done / total),
    )
    return {name: column for name, column in columns.items() if name not in data.embeddings.metadata}


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
    kept = finished(_key("names", data, side, center, ""))
    found: tuple[str, ...] = kept if isinstance(kept, tuple) else ()
    if not found:
        parts = (_finished(what, data, side, center) for what in ("metadata", "further"))
        found = _names(*(known for known in parts if known is not None))
    called = named_directions(own, side)
    if not found and not called:
        return ()
    said = found or ("",) * spectrum(data, side, center).rank
    return tuple(called.get(number) or name for number, name in enumerate(said, start=1))


def _finished(what: str, data: Dataset, side: str, center: str) -> sde.BandKnowledge | None:
    found = finished(_key(what, data, side, center, ""))
    return found if isinstance(found, sde.BandKnowledge) else None


@lru_cache(maxsize=32)
def _names(*found: sde.BandKnowledge) -> tuple[str, ...]:
    return tuple(map(str, sde.direction_names(*found))) if found else ()


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
