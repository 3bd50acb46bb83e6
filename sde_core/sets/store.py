"""An EmbeddingSet as a folder: npy vectors, parquet tables, and a manifest that is written last."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from sde_core.errors import DataError
from sde_core.files import mapped
from sde_core.files.whole_folder import replaced_folder, sampled_digest
from sde_core.pairs.base import Skipped
from sde_core.pairs.limits import allowed_unpacked
from sde_core.sets.absence import what_is_missing
from sde_core.sets.columns import ArrowColumns, as_arrow
from sde_core.sets.provenance import Provenance
from sde_core.sets.strings import ArrowStrings, are_arrow
from sde_core.vocabulary import MODALITIES, Modality

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.json"
FORMAT = 1
_ARRAYS = ("image", "text", "links")
_NO_STRINGS = "{} must hold ids and captions as text, each id once: encode it again"
_FILES = (*(f"{name}.npy" for name in _ARRAYS), "images.parquet", "texts.parquet")


class _Stored(Protocol):
    """What a folder keeps of an `EmbeddingSet`, which saves and loads itself with these functions."""

    @property
    def image(self) -> npt.NDArray[np.floating[Any]]: ...
    @property
    def text(self) -> npt.NDArray[np.floating[Any]]: ...
    @property
    def links(self) -> npt.NDArray[np.int64]: ...
    @property
    def image_ids(self) -> Sequence[str]: ...
    @property
    def captions(self) -> Sequence[str]: ...
    @property
    def metadata(self) -> Mapping[str, npt.NDArray[Any]]: ...
    @property
    def provenance(self) -> Provenance: ...
    @property
    def skipped(self) -> tuple[Skipped, ...]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def blocks(self) -> Path | None: ...
    @property
    def n_images(self) -> int: ...
    @property
    def n_texts(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def missing(self) -> Mapping[str, str]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def modalities(self) -> tuple[Modality, ...]: ...
    def vectors(self, modality: Modality) -> npt.NDArray[np.floating[Any]]: ...


Set = TypeVar("Set", bound=_Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFacts:
    """What a set holds, as its manifest says it.

    Attributes:
        n_images: images.
        n_texts: distinct captions.
        width: features of a vector.
        dtype: of the vectors.
        metadata: names of the columns.
        missing: names of what is not known.
        remarks: sentences on what needs care.
    """

    n_images: int
    n_texts: int
    width: int
    dtype: str
    metadata: tuple[str, ...]
    missing: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, embeddings: _Stored) -> "SetFacts":
        """Return the facts of a set."""
        return cls(
            n_images=embeddings.n_images,
            n_texts=embeddings.n_texts,
            width=embeddings.width,
            dtype=str(embeddings.vectors(embeddings.modalities[0]).dtype),
            metadata=tuple(sorted(embeddings.metadata)),
            missing=tuple(embeddings.missing),
            remarks=embeddings.remarks,
        )

    @property
    def sentences(self) -> Mapping[str, str]:
        """What is missing, with what that means."""
        names = (*MODALITIES, "pictures", "captions", "ids", "encoder")
        return what_is_missing(**{name: name not in self.missing for name in names})


def write_set(embeddings: _Stored, folder: Path) -> Path:
    """Write ``embeddings`` beside ``folder``, sync, then swap: readers see the old set or the whole new one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise DataError(f"folder must be new or an embedding set; {folder} holds something else")
    facts = SetFacts.of(embeddings)
    with replaced_folder(folder) as fresh:
        for name in _ARRAYS:
            np.save(fresh / f"{name}.npy", getattr(embeddings, name), allow_pickle=False)
        images: dict[str, Any] = {"id": _text(embeddings.image_ids)}
        texts: dict[str, Any] = {"caption": _text(embeddings.captions)}
        described = images if Modality.IMAGE in embeddings.modalities else texts
        described |= {f"meta.{key}": as_arrow(embeddings.metadata, key) for key in embeddings.metadata}
        pq.write_table(pa.table(images), fresh / "images.parquet", compression="zstd")
        pq.write_table(pa.table(texts), fresh / "texts.parquet", compression="zstd")
        manifest = {
            "format": FORMAT,
            "name": embeddings.name,
            "fingerprint": embeddings.fingerprint,
            "provenance": embeddings.provenance.as_dict(),
            "facts": {f.name: getattr(facts, f.name) for f in fields(facts)},
            "skipped": [[s.item, s.reason] for s in embeddings.skipped],
            "remarks": list(embeddings.remarks),
            "files": {name: (fresh / name).stat().st_size for name in sorted(_FILES)},
            "samples": {name: sampled_digest(fresh / name) for name in sorted(_FILES)},
        }
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    if embeddings.blocks is not None:
        shutil.rmtree(embeddings.blocks, ignore_errors=True)
    return folder


def read_set(folder: Path, build: Callable[..., Set], *, verify: bool = False) -> Set:
    """Return the set in ``folder``; sizes, samples of every file and counts are checked.

    Arrays above 64 MiB are memory-mapped, smaller ones read whole.

    Args:
        folder: that `write_set` wrote.
        build: makes the set of its fields, by name.
        verify: whether to hash everything again, which reads everything once.

    Raises:
        DataError: not a whole set, or not what was written.
    """
    manifest = _manifest(folder)
    _check_files(folder, manifest)
    try:
        arrays = {name: _array(folder / f"{name}.npy") for name in _ARRAYS}
        _check_table(folder / "images.parquet", len(arrays["image"]))
        _check_table(folder / "texts.parquet", len(arrays["text"]))
        # A file by itself: what reads data sets of many takes 0.3 s to import.
        tables = [_table(folder / f"{name}.parquet") for name in ("images", "texts")]
        columns = {name: table.column(name) for table in tables for name in table.column_names}
        ids, captions = (_read_strings(columns.pop(name), folder) for name in ("id", "caption"))
        _check_content(folder, arrays, ids, captions)
        embeddings = build(
            **arrays,
            image_ids=ids,
            captions=captions,
            metadata=ArrowColumns({key.removeprefix("meta."): column for key, column in columns.items()}),
            provenance=_provenance(manifest["provenance"]),
            skipped=tuple(Skipped(str(item), str(reason)) for item, reason in manifest["skipped"]),
            remarks=tuple(map(str, manifest.get("remarks", ()))),
            name=str(manifest["name"]),
        )
    except DataError:
        raise
    except Exception as error:  # readers of damaged npy and parquet files raise many kinds
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{folder} is not a whole embedding set: {line}; encode it again") from None
    if verify and embeddings.fingerprint != manifest["fingerprint"]:
        raise DataError(
            f"{folder} must hold what was written; its content has fingerprint {embeddings.fingerprint[:12]} instead "
            f"of {manifest['fingerprint'][:12]}: encode it again"
        )
    # The digest was taken when the set was written; sizes and samples say that the files are those.
    embeddings.__dict__["fingerprint"] = manifest["fingerprint"]
    return embeddings


def _check_table(path: Path, n_rows: int) -> None:
    """Refuse a table whose footer declares other rows than there are vectors, or a bomb; nothing is unfolded yet."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    groups = [footer.row_group(g) for g in range(footer.num_row_groups)]
    unfolded = sum(g.column(c).total_uncompressed_size for g in groups for c in range(footer.num_columns))
    if footer.num_rows != n_rows or any(group.num_rows > n_rows for group in groups):
        raise DataError(
            f"{path} must have {n_rows:,} rows, one a vector; it has {footer.num_rows:,}: encode it again"
        )
    if unfolded > allowed_unpacked(path.stat().st_size):
        raise DataError(f"{path} declares {unfolded:,} bytes unfolded: refused as a bomb")


def _table(path: Path) -> "pa.Table":
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.read()


def _array(path: Path) -> Any:  # noqa: ANN401  (what numpy reads)
    if path.stat().st_size <= mapped.READ_WHOLE_BYTES:
        return np.load(path, allow_pickle=False)
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise DataError(f"{path} holds Python objects, which are never unpickled: encode it again")
        return mapped.array_in_file(path, dtype, shape, file.tell(), "F" if is_fortran else "C")


def read_facts(folder: Path, build: Callable[..., _Stored]) -> SetFacts:
    """Return what a set holds from its manifest alone; a set of an older version is opened for it.

    Args:
        folder: that `write_set` wrote.
        build: as of `read_set`.

    Raises:
        DataError: not a whole set.
    """
    facts = _manifest(folder).get("facts")
    if facts is None:
        return SetFacts.of(read_set(folder, build))
    try:
        listed = {name: tuple(facts[name]) for name in ("metadata", "missing")}
        listed["remarks"] = tuple(facts.get("remarks", ()))
        return SetFacts(**{**facts, **listed})
    except (TypeError, KeyError) as error:
        raise DataError(f"{folder / MANIFEST} is damaged: {error}; encode the set again") from None


def _check_files(folder: Path, manifest: dict[str, Any]) -> None:
    for name in _FILES:
        path, size = folder / name, manifest["files"].get(name)
        found = path.stat().st_size if path.is_file() else None
        if found is None or found != size:
            state = "is missing" if found is None else f"has {found} bytes instead of {size}"
            raise DataError(f"{folder} is not a whole embedding set: {name} {state}; encode it again")
    for name, digest in manifest.get("samples", {}).items():
        if name in _FILES and sampled_digest(folder / name) != digest:
            raise DataError(f"{folder} must hold what was written; {name} was changed since: encode it again")


def _text(words: Sequence[str]) -> Any:  # noqa: ANN401  (pyarrow has no types)
    import pyarrow as pa

    return words.column if are_arrow(words) else pa.array(words, pa.string())


def _read_strings(column: Any, folder: Path) -> ArrowStrings:  # noqa: ANN401
    import pyarrow as pa

    if column.null_count or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(_NO_STRINGS.format(folder))
    column.validate(full=True)
    return ArrowStrings(column)


def _check_content(folder: Path, arrays: dict[str, Any], ids: ArrowStrings, captions: ArrowStrings) -> None:
    """Refuse arrays and tables that do not fit each other; vectors are not read."""
    image, text, links = (arrays[name] for name in _ARRAYS)
    counts, rows = (len(image), len(text)), (len(ids), len(captions))
    if counts != rows:
        raise DataError(f"{folder} must hold as many rows as items; got {counts} and {rows}")
    is_vectors = image.ndim == text.ndim == 2 and image.shape[1:] == text.shape[1:]
    if not is_vectors or not sum(counts) or image.dtype.kind != "f" or text.dtype.kind != "f":
        raise DataError(
            f"{folder} must hold vectors of one width; got shapes {image.shape} and {text.shape}, "
            f"{image.dtype} and {text.dtype}"
        )
    is_links = links.ndim == 2 and links.shape[1] == 2 and links.dtype == np.int64
    inside = is_links and (not len(links) or (links.min() >= 0 and (links.max(axis=0) < counts[::-1]).all()))
    if not inside:
        raise DataError(f"{folder} must hold links of its texts and pictures; links.npy has others")
    import pyarrow.compute as pc

    if pc.count_distinct(ids.column).as_py() != len(ids):
        raise DataError(_NO_STRINGS.format(folder))


def _provenance(given: Mapping[str, Any]) -> Provenance:
    known = {f.name for f in fields(Provenance)}  # a later version may say more
    return Provenance(**{key: str(value) for key, value in given.items() if key in known})


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise DataError(f"folder must be an embedding set; there is no folder {folder}")
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{folder} is not a whole embedding set: {MANIFEST} is missing; encode it again")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = manifest["format"]
        kinds = {"files": dict, "fingerprint": str, "provenance": dict, "skipped": list, "name": str}
        wrong = [key for key, kind in kinds.items() if not isinstance(manifest.get(key), kind)]
        wrong += [key for key in ("samples", "facts") if not isinstance(manifest.get(key, {}), dict)]
        wrong += [key for key in ("remarks",) if not isinstance(manifest.get(key, []), list)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}; encode the set again") from None
    if known != FORMAT:
        raise DataError(f"{path} must have format {FORMAT}; got {known}: it was written by another version")
    if wrong:
        raise DataError(f"{path} is damaged: {', '.join(wrong)} cannot be read; encode the set again")
    return manifest
