"""An EmbeddingSet as a folder: npy vectors, parquet tables, and a manifest that is written last."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sde_core.embedding_formats import open_embeddings
from sde_core.embeddings import EmbeddingSet, Provenance
from sde_core.errors import DataError
from sde_core.pairs.base import Skipped

__all__ = ["MANIFEST", "open_embeddings", "read_set", "write_set"]

MANIFEST = "manifest.json"
FORMAT = 1
_ARRAYS = ("image", "text", "links")


def write_set(embeddings: EmbeddingSet, folder: Path) -> Path:
    """Write ``embeddings`` beside ``folder``, sync, then rename: readers see the whole set or none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise DataError(f"folder must be new or an embedding set; {folder} holds something else")
    with _replacing(folder) as fresh:
        for name in _ARRAYS:
            np.save(fresh / f"{name}.npy", getattr(embeddings, name), allow_pickle=False)
        images: dict[str, Any] = {"id": list(embeddings.image_ids)}
        images |= {f"meta.{key}": column.tolist() for key, column in embeddings.metadata.items()}
        pq.write_table(pa.table(images), fresh / "images.parquet", compression="zstd")
        texts = pa.table({"caption": list(embeddings.captions)})
        pq.write_table(texts, fresh / "texts.parquet", compression="zstd")
        manifest = {
            "format": FORMAT,
            "name": embeddings.name,
            "fingerprint": embeddings.fingerprint,
            "provenance": embeddings.provenance.as_dict(),
            "skipped": [[s.item, s.reason] for s in embeddings.skipped],
            "files": {p.name: p.stat().st_size for p in sorted(fresh.iterdir())},
        }
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), "utf-8")
    return folder


def read_set(folder: Path) -> EmbeddingSet:
    """Return the set in ``folder``, vectors memory-mapped, counts and sizes checked."""
    import pyarrow.parquet as pq

    manifest = _manifest(folder)
    for name, size in manifest["files"].items():
        found = (folder / name).stat().st_size if (folder / name).is_file() else None
        if found != size:
            state = "is missing" if found is None else f"has {found} bytes instead of {size}"
            raise DataError(f"{folder} is not a whole embedding set: {name} {state}; encode it again")
    try:
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in _ARRAYS
        }
        images = pq.read_table(folder / "images.parquet").to_pydict()
        captions = pq.read_table(folder / "texts.parquet").column("caption").to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder} is not a whole embedding set: {error}; encode it again") from None
    ids = images.pop("id", [])
    counts = (len(arrays["image"]), len(arrays["text"]))
    if counts != (len(ids), len(captions)):
        raise DataError(
            f"{folder} must hold as many rows as items; got {counts} and {len(ids), len(captions)}"
        )
    embeddings = EmbeddingSet(
        **arrays,
        image_ids=tuple(ids),
        captions=tuple(captions),
        metadata={key.removeprefix("meta."): np.array(column) for key, column in images.items()},
        provenance=Provenance(**manifest["provenance"]),
        skipped=tuple(Skipped(item, reason) for item, reason in manifest["skipped"]),
        name=manifest["name"],
    )
    # The digest was taken when the set was written; the sizes above say that nothing was cut off.
    embeddings.__dict__["fingerprint"] = manifest["fingerprint"]
    return embeddings


def _manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise DataError(f"folder must be an embedding set; there is no folder {folder}")
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{folder} is not a whole embedding set: {MANIFEST} is missing; encode it again")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}; encode the set again") from None
    if known != FORMAT:
        raise DataError(f"{path} must have format {FORMAT}; got {known}: it was written by another version")
    return manifest


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its place when the block ends well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield fresh
        for path in (*fresh.iterdir(), fresh):
            _sync(path)
        old = None
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
            folder.rename(old / "set")
        fresh.chmod(0o755)
        fresh.rename(folder)
        _sync(folder.parent)
        if old is not None:
            shutil.rmtree(old)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
