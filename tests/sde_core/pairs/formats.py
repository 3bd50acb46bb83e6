"""One writer a format: each writes the same pairs into a folder; a new format adds a line to WRITERS."""

import csv
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Written:
    """A pair as it is written; `metadata` holds text, whole numbers and fractions."""

    id: str
    captions: tuple[str, ...]
    picture: bytes
    metadata: dict[str, str | int | float]

    @property
    def file_name(self) -> str:
        return f"{self.id}.webp"


def _pictures(folder: Path, pairs: list[Written]) -> None:
    (folder / "images").mkdir(parents=True)
    for pair in pairs:
        (folder / "images" / pair.file_name).write_bytes(pair.picture)


def _table(folder: Path, pairs: list[Written], separator: str, name: str) -> Path:
    """A row for each caption."""
    _pictures(folder, pairs)
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter=separator)
        rows.writerow(["id", "filepath", "title", *pairs[0].metadata])
        for pair in pairs:
            for caption in pair.captions:
                rows.writerow([pair.id, f"images/{pair.file_name}", caption, *pair.metadata.values()])
    return folder


def write_csv(folder: Path, pairs: list[Written]) -> Path:
    return _table(folder, pairs, ",", "captions.csv")


def write_tsv(folder: Path, pairs: list[Written]) -> Path:
    return _table(folder, pairs, "\t", "captions.tsv")


def write_numbered_columns(folder: Path, pairs: list[Written]) -> Path:
    _pictures(folder, pairs)
    most = max(len(pair.captions) for pair in pairs)
    with (folder / "table.csv").open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["key", "File Name", *(f"Caption {i + 1}" for i in range(most)), *pairs[0].metadata])
        for pair in pairs:
            captions = [*pair.captions, *[""] * (most - len(pair.captions))]
            rows.writerow([pair.id, f"images/{pair.file_name}", *captions, *pair.metadata.values()])
    return folder / "table.csv"


def write_jsonl(folder: Path, pairs: list[Written]) -> Path:
    _pictures(folder, pairs)
    records = [
        {"id": p.id, "image": f"images/{p.file_name}", "captions": list(p.captions), **p.metadata}
        for p in pairs
    ]
    (folder / "metadata.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def write_folder(folder: Path, pairs: list[Written]) -> Path:
    folder.mkdir()
    for name, content in members(pairs):
        (folder / name).write_bytes(content)
    return folder


def members(pairs: list[Written]) -> list[tuple[str, bytes]]:
    found = []
    for pair in pairs:
        found += [
            (pair.file_name, pair.picture),
            (f"{pair.id}.txt", "\n".join(pair.captions).encode()),
            (f"{pair.id}.json", json.dumps(pair.metadata).encode()),
        ]
    return found


def _tar(path: Path, pairs: list[Written]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, content in members(pairs):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_webdataset(folder: Path, pairs: list[Written]) -> Path:
    for i in range(3):
        _tar(folder / f"train-{i:03d}.tar", pairs[i::3])
    return folder / "train-{000..002}.tar"


def write_gzip_shard(folder: Path, pairs: list[Written]) -> Path:
    return _tar(folder / "all.tar.gz", pairs)


def write_img2dataset(folder: Path, pairs: list[Written]) -> Path:
    _tar(folder / "00000.tar", pairs)
    rows = {"key": [p.id for p in pairs], "status": ["success"] * len(pairs), "url": ["x"] * len(pairs)}
    pq.write_table(pa.table(rows), folder / "00000.parquet")
    return folder


def write_clip_benchmark(folder: Path, pairs: list[Written]) -> Path:
    for i in range(2):
        _tar(folder / "test" / f"{i}.tar", pairs[i::2])
    (folder / "test" / "nshards.txt").write_text("2")
    (folder / "dataset_type.txt").write_text("retrieval")
    return folder


def _parquet(path: Path, pairs: list[Written], picture: str, pictures: list[object]) -> Path:
    columns: dict[str, list[object]] = {
        "id": [p.id for p in pairs],
        picture: pictures,
        "captions": [list(p.captions) for p in pairs],
    }
    columns |= {name: [p.metadata[name] for p in pairs] for name in pairs[0].metadata}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=7)
    return path.parent


def write_parquet(folder: Path, pairs: list[Written]) -> Path:
    return _parquet(folder / "0000.parquet", pairs, "image", [p.picture for p in pairs])


def write_parquet_with_paths(folder: Path, pairs: list[Written]) -> Path:
    _pictures(folder, pairs)
    return _parquet(folder / "0000.parquet", pairs, "filepath", [f"images/{p.file_name}" for p in pairs])


def write_parquet_parts(folder: Path, pairs: list[Written]) -> Path:
    """Two parts by a pattern, pictures as Hugging Face writes them."""
    for i in range(2):
        part = pairs[i::2]
        _parquet(folder / f"train-{i:05d}-of-00002.parquet", part, "image", [
            {"bytes": p.picture, "path": p.file_name} for p in part
        ])  # fmt: skip
    (folder / "test-00000-of-00001.parquet").write_bytes(b"of another split")
    return folder / "train-*.parquet"


def write_huggingface_split(folder: Path, pairs: list[Written]) -> Path:
    """Split `val` of a saved DatasetDict, in two files."""
    import datasets

    write_huggingface(folder / "whole", pairs)
    whole = datasets.load_from_disk(folder / "whole")
    parts = datasets.DatasetDict(train=whole.select(range(3)), val=whole)
    parts.save_to_disk(folder / "parts", num_shards={"train": 1, "val": 2})
    return folder / "parts" / "val"


def write_huggingface(folder: Path, pairs: list[Written]) -> Path:
    import datasets

    rows = [
        {"id": p.id, "image": {"bytes": p.picture, "path": None}, "captions": list(p.captions), **p.metadata}
        for p in pairs
    ]
    datasets.Dataset.from_list(rows).cast_column("image", datasets.Image()).save_to_disk(folder)
    return folder


def zipped(write: Callable[[Path, list[Written]], Path]) -> Callable[[Path, list[Written]], Path]:
    """Return a writer of the same files in a zip archive."""

    def write_zip(folder: Path, pairs: list[Written]) -> Path:
        inner = folder / "inner"
        folder.mkdir()
        write(inner, pairs)
        with zipfile.ZipFile(folder / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(inner.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return folder / "upload.zip"

    return write_zip


WRITERS: dict[str, Callable[[Path, list[Written]], Path]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "numbered columns": write_numbered_columns,
    "jsonl": write_jsonl,
    "folder": write_folder,
    "webdataset": write_webdataset,
    "gzip shard": write_gzip_shard,
    "img2dataset": write_img2dataset,
    "clip-benchmark": write_clip_benchmark,
    "parquet": write_parquet,
    "parquet with paths": write_parquet_with_paths,
    "parquet parts": write_parquet_parts,
    "huggingface": write_huggingface,
    "huggingface split": write_huggingface_split,
    "zip of csv": zipped(write_csv),
    "zip of jsonl": zipped(write_jsonl),
    "zip of folder": zipped(write_folder),
    "zip of shards": zipped(write_webdataset),
    "zip of clip-benchmark": zipped(write_clip_benchmark),
    "zip of parquet": zipped(write_parquet),
    "zip of parquet with paths": zipped(write_parquet_with_paths),
    "zip of huggingface": zipped(write_huggingface),
}
"""Name -> writer of a folder, which does not exist before; it returns what `open_pairs` takes."""
