"""The table of formats, and the search in it."""

from contextlib import suppress
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import cast

from sde_core.errors import ConfigError, DataError
from sde_core.files import bundled
from sde_core.files.recognised import recognised
from sde_core.pairs.base import Pairs
from sde_core.pairs.folder import why_no_captions
from sde_core.pairs.source import Reader, ReaderOfParts, Source
from sde_core.pairs.table import why_no_table

# name -> module in this package, in the order in which they are tried: the more special first.
# To add a format: one module with LOOKS_FOR, detects and open_source (see `Reader`), one line here.
_MODULES = {
    "mmeb": "mmeb",  # queries and candidates
    "huggingface": "huggingface",  # a saved dataset, or a hub name
    "clip-benchmark": "clip_benchmark",
    "webdataset": "webdataset",
    "zip": "zip_archive",
    "table": "table",
    "folder": "folder",
    "parquet": "parquet",  # after webdataset: img2dataset puts parquet beside its tars
}


def format_names() -> tuple[str, ...]:
    """Return the names that `open_pairs` takes as ``format``, in the order in which they are tried."""
    return tuple(_MODULES)


def open_as(format: str, source: Source) -> Pairs:
    """Return the pairs of ``source`` read as the named format.

    Raises:
        ConfigError: there is no such format.
        DataError: it cannot be read as that.
    """
    if format not in _MODULES:
        raise ConfigError(f"format must be one of {', '.join(_MODULES)}; got {format!r}")
    return _reader(format).open_source(source)


def open_detected(source: Source) -> Pairs:
    """Return the pairs of ``source`` in the first format that recognises it.

    Raises:
        DataError: none does; the sentence lists what was looked for.
    """
    found = detected_name(source)
    if found is not None:
        return _reader(found).open_source(source)
    if source.tree is None and not source.path.exists():
        raise DataError(
            f"path_or_uri must be a file, a folder, a pattern of shards or one of "
            f"{', '.join(bundled.PAIR_SETS)}; there is no {source.uri}"
        )
    looked_for = "; ".join(_reader(name).LOOKS_FOR for name in _MODULES)
    raise DataError(
        f"{source.uri} must hold pairs in a known format; none was found{_in_the_way(source)}: looked for {looked_for}"
    )


def _in_the_way(source: Source) -> str:
    """Return what was not read of a folder, in words; "" where nothing was in the way."""
    if source.tree is None:
        return _is_another(source.path)
    with suppress(DataError):
        for _ in islice(source.tree.folders(), 20):
            pass
    refused = sorted(source.tree.refused(), key=lambda skipped: skipped.item)
    more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
    if refused:
        return f" ({refused[0].item}{more} was not read: {refused[0].reason})"
    why = why_no_table(source.tree) or why_no_captions(source.tree)
    return f" ({why})" if why else ""


def _is_another(path: Path) -> str:
    """Return what a file is that no reader takes, in words; "" where that is not known."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                what = recognised(file.read(256))
            return f" ({path.name} is {what})" if what else ""
    return ""


def detected_name(source: Source) -> str | None:
    """Return the name of the first format that recognises ``source``, or None; those of one modality come last."""
    found = next((name for name in _MODULES if _reader(name).detects(source)), None)
    one = (name for name in ("table", "folder") if _reader(name).detects_one(source))  # type: ignore[attr-defined]
    return found or next(one, None)


def parts_of(format: str, source: Source) -> list[str]:
    """Return the names of the files that can each be read by itself; none where the set is one whole."""
    reader = _reader(format)
    return reader.parts(source) if isinstance(reader, ReaderOfParts) else []


def open_part(format: str, source: Source, name: str) -> Pairs:
    """Return the pairs of one of `parts_of`.

    Raises:
        DataError: it cannot be read.
    """
    return cast(ReaderOfParts, _reader(format)).open_part(source, name)


def _reader(name: str) -> Reader:
    return cast(Reader, import_module(f"sde_core.pairs.{_MODULES[name]}"))
