"""Which sets there are, and an open one."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

import sde_core as sde
from sde_core.embedding_formats.named import rows_of_part
from sde_core.files import bundled, cache
from sde_core.sets.store import MANIFEST
from sde_core.sets.trained_on import unseen_split
from sde_explorer import sets
from sde_explorer.readings.visitor import folder_of_visitor
from sde_explorer.serving.places import check_source, may_open
from sde_explorer.serving.policy import current
from sde_explorer.sets import SetEntry

if TYPE_CHECKING:
    from sde_explorer.shared_state import SharedState

WHOLE_ROWS, SAMPLE_ROWS = 100_000, 25_000
"""Of more rows than the first a seeded sample is shown, of as many as the second: a spectrum of it takes a second."""


@dataclass(frozen=True)
class Dataset:
    """An open embedding set, or a part of one.

    Attributes:
        embeddings: pictures, captions and their vectors.
        filters: "column=value" by which the whole set can be narrowed down.
        folder: where the whole set lies.
        sizes: of its files with vectors, in bytes.
        unfiltered: columns that are no filter, because nearly every picture has a value of its own.
        drawn_from: rows from which this seeded sample was drawn; 0 is no sample.
    """

    embeddings: sde.EmbeddingSet
    filters: tuple[str, ...]
    folder: str = ""
    sizes: tuple[int, ...] = ()
    unfiltered: tuple[str, ...] = ()
    drawn_from: int = 0

    @property
    def fingerprint(self) -> str:
        """Digest of the content."""
        return self.embeddings.fingerprint


def cache_folder() -> Path:
    """Return where sets that were encoded here are kept; SDE_CACHE overrides the place.

    Where several people use the server, each has a folder of their own in it.
    """
    base = server_folder()
    return base if current().one_user else folder_of_visitor(base)


def server_folder() -> Path:
    """Return the folder of everything that this server keeps."""
    return cache.cache_folder()


def known_sets() -> tuple[SetEntry, ...]:
    """Return the sets that can be opened by the names of their pairs and encoder."""
    return sets.known_sets(cache_folder())


def entries_of(data: str) -> tuple[SetEntry, ...]:
    """Return the sets of ``data``, one for each encoder; ``data`` may be the folder of a set.

    Raises:
        DataError: nothing there was encoded, it is not a set, or this server does not open it.
    """
    found = tuple(entry for entry in known_sets() if entry.data == data)
    if found:
        return found
    folder = Path(check_source(data, cache_folder())).expanduser()
    entry = sets.entry_of(folder, data)
    if entry is None:
        if data.split("/")[0] in bundled.PAIR_SETS or (folder.exists() and not (folder / MANIFEST).exists()):
            raise sde.DataError(f"{data} has not been encoded here yet: open it on the Data page")
        # The reader says what is wrong with the folder.
        sde.EmbeddingSet.load(folder)
        raise sde.DataError(f"{data} cannot be read as an embedding set: encode it again")
    return (entry,)


def entry_of(state: "SharedState") -> SetEntry:
    """Return the set of a state.

    Raises:
        DataError: nothing there was encoded, or not by this encoder.
    """
    entries = entries_of(state.data)
    for entry in entries:
        if entry.encoder == state.encoder:
            return entry
    if len(entries) == 1 and Path(state.data).expanduser().exists():
        return entries[0]  # a folder is one set, whatever encoder the link names
    raise sde.DataError(
        f"{state.data} has not been encoded by {state.encoder} on this machine: open it on the Data page"
    )


def opening_part(data: str, encoder: str) -> tuple[str, ...]:
    """Return the part on which a set opens: the split that nothing was trained on, where records tell of one.

    Args:
        data: as the state names it.
        encoder: as the state names it; where the data was not encoded by it, the first one counts.

    Returns:
        Filters; none is all of it. A set that cannot be opened has none: whoever opens it says why.
    """
    try:
        entries = entries_of(data)
        return _opening_part(next((entry for entry in entries if entry.encoder == encoder), entries[0]))
    except (sde.SDEError, OSError):
        return ()


def filters_of(folder: Path) -> tuple[str, ...]:
    """Return every "column=value" by which the set in a folder can be narrowed down; none where it cannot be opened."""
    entry = sets.entry_of(folder)
    try:
        return () if entry is None else dataset(entry).filters
    except sde.SDEError:
        return ()


@st.cache_resource(max_entries=64, show_spinner=False)
def _opening_part(entry: SetEntry) -> tuple[str, ...]:
    whole = _dataset(entry, ()).embeddings
    encoder = Path(whole.provenance.encoder).expanduser()
    if encoder.is_absolute() and not may_open(encoder, cache_folder()):
        return ()  # a set may name any folder
    split = unseen_split(whole)
    return (f"split={split}",) if split else ()


def dataset(entry: SetEntry, part: tuple[str, ...] = (), *, sampled: bool = False) -> Dataset:
    """Return a set, or a part of it.

    Its files are looked at each time: a mapped one that was cut off would end the server when it is read.

    Args:
        entry: the set.
        part: "column=value" filters.
        sampled: whether of more than 100,000 rows a seeded sample of 25,000 is enough.

    Raises:
        DataError: it is not whole, it vanished, or its files are others than when it was opened.
    """
    found = _dataset(entry, part)
    if sampled and found.embeddings.n_rows > WHOLE_ROWS:
        found = _sample(found.fingerprint, entry, part, found)
    if found.sizes and found.sizes != _sizes(entry.folder):
        _dataset.clear()
        raise sde.DataError(
            f"the files of {entry.data} were changed while it was open: encode or save it again"
        )
    return found


def shown(state: "SharedState") -> Dataset:
    """Return what the views show of a state: the set or its part; of a large one a sample, until all is asked for.

    Raises:
        DataError: as of `entry_of` and `dataset`.
    """
    return dataset(entry_of(state), state.part, sampled=not state.whole)


def all_of(data: Dataset, state: "SharedState") -> Dataset:
    """Return the set or part of which the views show a sample; ``data`` itself where they show all of it.

    Args:
        data: that the views show.
        state: of the dashboard.
    """
    return dataset(entry_of(state), state.part) if data.drawn_from else data


@st.cache_resource(max_entries=4, show_spinner="Drawing a sample of the rows")
def _sample(fingerprint: str, entry: SetEntry, part: tuple[str, ...], _whole: Dataset) -> Dataset:
    from sde_core.geometry.projection import sample_rows

    n_rows = _whole.embeddings.n_rows
    some = _whole.embeddings.select(sample_rows(n_rows, SAMPLE_ROWS))
    return replace(_whole, embeddings=some, drawn_from=n_rows)


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(entry: SetEntry, part: tuple[str, ...]) -> Dataset:
    if part:
        whole = _dataset(entry, ())
        keep = rows_of_part(whole.embeddings, part)
        if not keep.any():
            raise sde.DataError(f"no pair of {entry.data} is {' and '.join(part)}: take one of them away")
        return Dataset(
            whole.embeddings.select(keep), whole.filters, whole.folder, whole.sizes, whole.unfiltered
        )
    embeddings = sde.EmbeddingSet.load(entry.folder)
    return Dataset(
        embeddings,
        sets.filters(embeddings),
        entry.folder,
        _sizes(entry.folder),
        sets.left_out_columns(embeddings),
    )


def _sizes(folder: str) -> tuple[int, ...]:
    try:
        return tuple((Path(folder) / name).stat().st_size for name in ("image.npy", "text.npy", "links.npy"))
    except OSError:
        return (-1,)
