"""Each reader of pairs on mutated files: a result or a DataError, nothing else, and what comes is sound."""

import contextlib
import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes
from tests.fuzzing import N_FILES, check_that_only_data_errors_come
from tests.sde_core.pairs.formats import WRITERS, Written, write_clip_benchmark

PAIRS = [
    Written(
        id=f"p{i}",
        captions=(f"caption {i}", "caf\u00e9")[: 1 + i % 2],
        picture=picture_bytes(colour, (8, 8)),
        metadata={"style": "flat", "number": i, "score": 0.5 * i},
    )
    for i, colour in enumerate(("red", "green", "blue"))
]


def _tar_checksums(content: bytes) -> bytes:
    """Make the checksum of every header right."""
    made = bytearray(content)
    for at in range(0, len(made) - 511, 512):
        if made[at + 257 : at + 262] == b"ustar":
            made[at + 148 : at + 156] = b" " * 8
            made[at + 148 : at + 156] = b"%06o\0 " % sum(made[at : at + 512])
    return bytes(made)


def _tar_fields(content: bytes) -> list[int]:
    """Offsets of name, mode, size, type, link, magic, prefix of every header."""
    headers = [at for at in range(0, len(content) - 511, 512) if content[at + 257 : at + 262] == b"ustar"]
    return [at + field for at in headers for field in (0, 100, 124, 156, 157, 257, 345)]


def _zip_fields(content: bytes) -> list[int]:
    """Offsets of flags, method, sizes, lengths and offset of every entry, and of the record at the end."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.start_dir
    found = []
    while content[at : at + 4] == b"PK\x01\x02":
        found += [at + field for field in (8, 10, 16, 20, 24, 28, 30, 32, 38, 42, 46)]
        at += 46 + sum(struct.unpack_from("<HHH", content, at + 28))
    return found + [at + field for field in (4, 8, 10, 12, 16, 20)]


def _last_600(content: bytes) -> list[int]:
    """Offsets of a parquet footer."""
    return list(range(len(content) - 600, len(content)))


def _every_eighth(content: bytes) -> list[int]:
    """Offsets of the words of an Arrow stream."""
    return list(range(0, len(content), 8))


def _write_classes(folder: Path, pairs: list[Written]) -> Path:
    """CLIP_benchmark's layout for classification: classes in place of captions."""
    write_clip_benchmark(folder, pairs)
    with tarfile.open(folder / "test" / "0.tar", "w") as archive:
        for i, pair in enumerate(pairs):
            for name, content in ((pair.file_name, pair.picture), (f"{pair.id}.cls", b"%d" % i)):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    (folder / "test" / "nshards.txt").write_text("1")
    (folder / "dataset_type.txt").unlink()
    (folder / "classnames.txt").write_text("red\ngreen\nblue\n")
    (folder / "zeroshot_classification_templates.txt").write_text("a {c} square.\n")
    return folder


def _write_mmeb(folder: Path, pairs: list[Written]) -> Path:
    """Two tasks of classes, one as JSON lines and one as parquet, with the pictures beside."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for pair in pairs:
        (folder / "images" / pair.file_name).write_bytes(pair.picture)
        names = [pair.captions[0], *(p.captions[0] for p in pairs if p is not pair)]
        sides = {"qry_text": "<|image_1|>\nName it.\n", "qry_img_path": pair.file_name}
        rows.append({**sides, "tgt_text": names, "tgt_img_path": [""] * len(names)})
    (folder / "lines.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "columns").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "columns/test.parquet")
    return folder


def _write_coco(folder: Path, pairs: list[Written]) -> Path:
    """Pictures with their captions in one JSON, as COCO has them."""
    folder.mkdir()
    made: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
    for pair in pairs:
        (folder / pair.file_name).write_bytes(pair.picture)
        made["images"].append({"id": pair.id, "file_name": pair.file_name})
        made["annotations"] += [{"image_id": pair.id, "caption": caption} for caption in pair.captions]
    (folder / "captions_val.json").write_text(json.dumps(made))
    return folder


def _write_packed(folder: Path, pairs: list[Written]) -> Path:
    """A table that is compressed, in UTF-16, below a comment."""
    folder.mkdir()
    for pair in pairs:
        (folder / pair.file_name).write_bytes(pair.picture)
    lines = [f"{pair.file_name},{caption}\n" for pair in pairs for caption in pair.captions]
    table = "# written by a program\nfilepath,caption\n" + "".join(lines)
    (folder / "captions.csv.gz").write_bytes(gzip.compress(table.encode("utf-16"), mtime=0))
    return folder


OTHERS = {"classes": _write_classes, "mmeb": _write_mmeb, "coco": _write_coco, "packed": _write_packed}


@dataclass(frozen=True)
class Case:
    """What of a written set is mutated, and how."""

    writer: str
    file: str
    tokens: tuple[bytes, ...] = ()
    hot: Callable[[bytes], list[int]] = lambda content: []
    repair: Callable[[bytes], bytes] | None = None
    share: float = 1.0


_TYPES = tuple(bytes([kind]) for kind in b"0123456LKxgXSV")
_SIZES = (b"00000000000\0", b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"00000001000\0")
_NAMES = (b"p0.webp\0", b"p0.txt\0", b"../p9.txt\0", b"/etc/passwd\0")

# Name of the test -> what is mutated; a reader with several kinds of files shares its number among them. A format of
# pairs joins by a line here and a writer in formats.py.
CASES = {
    "csv": Case("csv", "captions.csv", (b"id", b"p0", b"images/p0.webp", b'""', b"filepath,title\n")),
    "numbered columns": Case("numbered columns", "table.csv", (b"caption 1", b";;", b"p1;"), share=0.3),
    "coco": Case("coco", "captions_val.json", (b'"images": [],', b'"caption": 7,', b'{"id": []},'), share=0.3),
    "packed": Case("packed", "captions.csv.gz", (b"\x1f\x8b",), lambda content: list(range(10)), share=0.3),
    "jsonl": Case("jsonl", "metadata.jsonl", (b'"id"', b'"captions": 7,', b'{"image": ', b"true", b"\n{}\n")),
    "caption": Case("folder", "p1.txt", share=0.5),
    "sidecar": Case("folder", "p1.json", (b'"caption": [[]],', b'"a": {}'), share=0.5),
    "tar": Case("webdataset", "train-000.tar", (*_TYPES, *_SIZES, *_NAMES), _tar_fields, _tar_checksums),
    "tar.gz": Case("gzip shard", "all.tar.gz", (b"\x1f\x8b",), lambda content: list(range(10)), share=0.3),
    "clip-benchmark": Case("clip-benchmark", "test/nshards.txt", (b"1", b"3"), share=0.5),
    "classes": Case("classes", "classnames.txt", (b"\n", b"\r\n"), share=0.5),
    "img2dataset": Case("img2dataset", "00000.parquet", (b"PAR1",), _last_600, share=0.5),
    "zip": Case("zip of csv", "upload.zip", (b"PK\x05\x06", b"PK\x01\x02", b"\x0e", b"\x00\x00"), _zip_fields),
    "zip of shards": Case("zip of shards", "upload.zip", (b"\x08\x00", b"\x00\x00"), _zip_fields, share=0.3),
    "parquet": Case("parquet", "0000.parquet", (b"PAR1",), _last_600, share=0.7),
    "parquet with paths": Case("parquet with paths", "0000.parquet", (b"PAR1", b"../"), _last_600, share=0.3),
    "arrow": Case("huggingface", "data-00000-of-00001.arrow", (b"\xff\xff\xff\xff",), _every_eighth, share=0.7),
    "state": Case("huggingface", "state.json", (b'"filename": ', b"[]", b"7"), share=0.3),
    "mmeb lines": Case("mmeb", "lines.jsonl", (b'"tgt_text": [],', b'"qry_img_path": "",', b"\n{}\n"), share=0.6),
    "mmeb parquet": Case("mmeb", "columns/test.parquet", (b"PAR1",), _last_600, share=0.4),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_mutated_file_is_read_or_refused_in_one_sentence(name, tmp_path):
    case = CASES[name]
    uri = (WRITERS | OTHERS)[case.writer](tmp_path / "set", PAIRS)
    path = tmp_path / "set" / case.file
    check_that_only_data_errors_come(
        path,
        lambda: read_everything(uri),
        tokens=case.tokens,
        hot=case.hot(path.read_bytes()),
        repair=case.repair,
        n_files=int(N_FILES * case.share),
    )


def read_everything(uri: Path) -> None:
    """Open, iterate, read every picture, count, find; raise what opening raises, and check what comes."""
    pairs = open_pairs(uri)
    ids = []
    for pair in pairs:
        ids.append(pair.id)
        assert pair.captions or pairs.modalities == ("image",)
        json.dumps([pair.id, pair.captions, dict(pair.metadata)], ensure_ascii=False).encode("utf-8")
        _read(pair.read_image)
        found = pairs.find(pair.id)
        assert (found.id, found.captions) == (pair.id, pair.captions)
    assert len(ids) == len(set(ids)) <= len(pairs)
    assert len(pairs.fingerprint) == 64
    for skipped in pairs.skipped:
        assert skipped.item
        assert skipped.reason
    with pytest.raises(DataError, match="must be in"):
        pairs.find("no such id")


def _read(read_image: Callable[[], bytes]) -> None:
    with contextlib.suppress(DataError):
        assert isinstance(read_image(), bytes)
