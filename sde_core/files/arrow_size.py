"""What an Arrow stream says that its compressed buffers unpack to, read before anything is unpacked."""

import struct
from typing import TYPE_CHECKING

from sde_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER, _BUFFERS, _COMPRESSION, _DATA = 2, 2, 3, 1
"""Numbers of fields in Message, RecordBatch (twice) and DictionaryBatch of Arrow's format/Message.fbs."""


def check_unpacked(stream: "pa.Buffer", allowed: int, what: str) -> None:
    """Refuse a stream whose compressed batches unpack to more than ``allowed`` bytes together.

    pyarrow unpacks a batch whole when it is read, and a few hundred bytes may stand for gigabytes. What is not
    compressed has its size on the disk. A stream that is damaged is left to whoever reads it.

    Args:
        stream: all of it, such as a mapped file.
        allowed: bytes.
        what: it is, for the sentence.

    Raises:
        DataError: it unpacks to more.
    """
    import pyarrow as pa

    declared = 0
    try:
        messages = pa.ipc.MessageReader.open_stream(stream)
        while True:
            declared += declared_bytes(messages.read_next_message())
            if declared > allowed:
                raise DataError(
                    f"{what} unpacks to more than {allowed:,} bytes, over a hundredfold: refused as a bomb"
                )
    except DataError:
        raise
    except (StopIteration, EOFError, pa.ArrowException, OSError, ValueError, struct.error):
        return


def declared_bytes(message: "pa.Message") -> int:
    """Return the bytes that a message's compressed buffers unpack to, as they say themselves; 0 where none is.

    Raises:
        struct.error: it is damaged.
        ValueError: it is damaged.
    """
    if message.type not in ("record batch", "dictionary"):
        return 0
    table = _Table(memoryview(message.metadata), 0).inside(0).table(_HEADER)
    if message.type == "dictionary":
        table = table.table(_DATA)
    if not table.field(_COMPRESSION):
        return 0
    total = 0
    for offset, length in table.pairs(_BUFFERS):
        if length:  # each begins with what it unpacks to; -1 is one that is not compressed
            total += max(0, struct.unpack_from("<q", message.body, offset)[0])
    return total


class _Table:
    """A table of a flatbuffer, at a place in its bytes."""

    def __init__(self, content: memoryview, at: int) -> None:
        self._content, self._at = content, at

    def inside(self, at: int) -> "_Table":
        """Return the table to which the offset at a place leads."""
        return _Table(self._content, at + self._read("<I", at))

    def field(self, number: int) -> int:
        """Return where a field lies; 0 where it is not there."""
        fields = self._at - self._read("<i", self._at)
        place = 4 + 2 * number
        if place >= self._read("<H", fields):
            return 0
        offset = self._read("<H", fields + place)
        return self._at + offset if offset else 0

    def table(self, number: int) -> "_Table":
        """Return the table in a field.

        Raises:
            ValueError: it is not there.
        """
        at = self.field(number)
        if not at:
            raise ValueError(f"field {number} must be there")
        return self.inside(at)

    def pairs(self, number: int) -> list[tuple[int, int]]:
        """Return the pairs of whole numbers in the vector of a field."""
        at = self.field(number)
        if not at:
            return []
        start = at + self._read("<I", at)
        count = self._read("<I", start)
        content = self._content[start + 4 : start + 4 + 16 * count]
        return [(first, second) for first, second in struct.iter_unpack("<qq", content)]

    def _read(self, kind: str, at: int) -> int:
        if at < 0:
            raise ValueError("an offset must lie inside")
        value: int = struct.unpack_from(kind, self._content, at)[0]
        return value
