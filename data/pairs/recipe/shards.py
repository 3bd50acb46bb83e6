"""Samples into gzip-compressed WebDataset shards that are the same bytes at every run."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from data.pairs.recipe.sample import Sample

SPLITS = ("train", "val", "test")


def write_shards(samples: Sequence[Sample], folder: Path) -> None:
    """Write one shard a split, samples in an order that mixes styles and groups."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        chosen = [s for s in samples if s.metadata["split"] == split]
        chosen.sort(key=lambda s: hashlib.sha256(s.key.encode()).digest())
        with (
            (folder / f"{split}-000000.tar.gz").open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=9) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for sample in chosen:
                record = json.dumps(sample.metadata, ensure_ascii=False, sort_keys=True)
                _add(archive, f"{sample.key}.json", record.encode())
                _add(archive, f"{sample.key}.txt", "\n".join(sample.captions).encode())
                _add(archive, f"{sample.key}.webp", sample.webp)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))
