"""Tables as they come: compressed, in UTF-16, or captions as one JSON, made into CSV, TSV or JSON lines in UTF-8."""

import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from sde_core.errors import DataError
from sde_core.pairs.encodings import encoding_of
from sde_core.pairs.json_captions import json_lines
from sde_core.pairs.limits import MIB, allowed_unpacked, check_rows, in_room, read_at_most

_IN_MEMORY = 64 * MIB
_PIECE = MIB
_HEAD = 1 << 16
MAX_JSON_BYTES = 256 * MIB
"""Of one JSON file with all captions, which is read whole: those of COCO's training part have 92 MB."""

_Open = Callable[[IO[bytes]], IO[bytes]]
_PACKED: dict[str, _Open] = {
    ".gz": lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
    ".bz2": lambda file: cast("IO[bytes]", bz2.BZ2File(file)),
    ".xz": lambda file: cast("IO[bytes]", lzma.LZMAFile(file)),  # noqa: SIM115
}
_READ = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".token")
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
# As Flickr30k lists its captions: 1000092795.jpg#0<tab>Two young guys ...
_NUMBERED = re.compile(rb"^([^\t\r\n]+\.\w+)#\d+\t", re.M)


def table_suffix(name: str) -> str:
    """Return how a table is written, by its name without what says how it is compressed; "" where it is none.

    >>> table_suffix("a.CSV.gz"), table_suffix("a.json"), table_suffix("a.gz"), table_suffix("a.jpg")
    ('.csv', '.json', '', '')
    """
    inner, dot, last = name.lower().rpartition(".")
    suffix = (
        f".{inner.rpartition('.')[2]}" if dot + last in (*_PACKED, ".zst") and "." in inner else dot + last
    )
    return suffix if suffix in _READ else ""


def plain_table(file: IO[bytes], name: str) -> tuple[IO[bytes], str]:
    """Return a table as lines in UTF-8, and the suffix that says of what kind they are.

    Args:
        file: seekable.
        name: of the table.

    Raises:
        DataError: damaged, unpacks to a hundredfold, in an encoding without a mark, or JSON without captions.
    """
    file, suffix = plain_text(file, name), table_suffix(name)
    if suffix == ".json":
        file.seek(0)
        lines = json_lines(read_at_most(file, MAX_JSON_BYTES, name), name)
        return _spooled(lines), ".jsonl"
    if suffix in (".txt", ".token"):
        file.seek(0)
        if _NUMBERED.match(file.read(_HEAD)):
            file.seek(0)
            return _spooled(_NUMBERED.sub(rb"\1\t", line) for line in file), ".tsv"
    return file, suffix


def plain_text(file: IO[bytes], name: str) -> IO[bytes]:
    """Return a text unpacked and in UTF-8, open at its beginning.

    Raises:
        DataError: as `plain_table`.
    """
    packed = "." + name.lower().rpartition(".")[2]
    if packed == ".zst":
        raise DataError(f"{name} is compressed by Zstandard: unzstd it")
    if packed in _PACKED:
        size = file.seek(0, 2)
        file.seek(0)
        file = _unpacked(_PACKED[packed](file), size, name)
    return _in_utf8(file, name)


def _unpacked(file: IO[bytes], size: int, name: str) -> IO[bytes]:
    def pieces() -> Iterable[bytes]:
        got = lines = 0
        while piece := file.read(_PIECE):
            got += len(piece)
            lines += piece.count(b"\n")
            if got > allowed_unpacked(size):
                raise DataError(f"{name} unpacks to more than a hundredfold of its size: refused as a bomb")
            check_rows(lines, size, name)
            yield piece

    try:
        return _spooled(in_room(pieces(), name))
    except _DAMAGED as error:
        raise DataError(f"{name} cannot be unpacked: {error}") from None


def _in_utf8(file: IO[bytes], name: str) -> IO[bytes]:
    """Return a table in UTF-8 with newlines: UTF-16 and UTF-32 by their marks, and lines that end with CR only."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    encoding = encoding_of(head)
    if encoding == "utf-8" and not (b"\r" in head and b"\n" not in head):
        if b"\0" in head[:64]:
            raise DataError(
                f"{name} must be UTF-8; it holds zeros, as UTF-16 without its mark: save it as UTF-8"
            )
        return file
    decoder = codecs.getincrementaldecoder(encoding)() if encoding != "utf-8" else None

    def pieces() -> Iterable[bytes]:
        for piece in iter(lambda: file.read(_PIECE), b""):
            text = piece if decoder is None else decoder.decode(piece).encode()
            yield text if decoder is not None else text.replace(b"\r", b"\n")
        yield b"" if decoder is None else decoder.decode(b"", final=True).encode()

    try:
        return _spooled(pieces())
    except UnicodeError:
        raise DataError(
            f"{name} must be UTF-8; it begins as {encoding.upper()} and is none: save it as UTF-8"
        ) from None


def _spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    # The reader keeps it open as long as the set: it goes with its last reference.
    file = cast("IO[bytes]", SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    for piece in pieces:
        file.write(piece)
    file.seek(0)
    return file
