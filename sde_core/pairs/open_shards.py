"""Tar files open for reading by offset, from any thread; compressed ones are unpacked to files without names."""

import tempfile
import zlib
from collections import OrderedDict
from gzip import BadGzipFile, GzipFile
from threading import RLock
from typing import IO

from sde_core.errors import DataError
from sde_core.pairs.base import Skipped
from sde_core.pairs.limits import allowed_unpacked, in_room
from sde_core.pairs.tree import Tree

MAX_OPEN = 128
"""Shards open at a time: systems allow a process about a thousand files."""


class OpenShards:
    """The shards of a set, opened when they are read; the one unused for longest is closed.

    Args:
        tree: the files.

    Attributes:
        problems: by shard, why a compressed one could not be unpacked to its end.
    """

    def __init__(self, tree: Tree) -> None:
        self.problems: dict[str, Skipped] = {}
        self._tree = tree
        self._open: OrderedDict[str, IO[bytes]] = OrderedDict()
        self._lock = RLock()

    def read(self, shard: str, offset: int, size: int) -> bytes:
        """Return ``size`` bytes of a shard.

        Raises:
            DataError: the shard cannot be read, or ends before.
        """
        with self._lock:
            file = self._file(shard)
            file.seek(offset)
            content = file.read(size)
        if len(content) < size:
            raise DataError(f"{shard} must hold {size:,} bytes here; the file is cut off")
        return content

    def size(self, shard: str) -> int:
        """Return the size of a shard in bytes, unpacked."""
        with self._lock:
            return self._file(shard).seek(0, 2)

    def _file(self, shard: str) -> IO[bytes]:
        if shard not in self._open:
            while len(self._open) >= MAX_OPEN:
                self._open.popitem(last=False)[1].close()
            self._open[shard] = self._opened(shard)
        self._open.move_to_end(shard)
        return self._open[shard]

    def _opened(self, shard: str) -> IO[bytes]:
        raw = self._tree.open(shard)
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not packed:
            return raw
        with raw:
            return self._unpacked(raw, shard, allowed_unpacked(self._tree.size(shard)))

    def _unpacked(self, raw: IO[bytes], shard: str, limit: int) -> IO[bytes]:
        unpacked = tempfile.TemporaryFile(prefix="sde-shard-")  # noqa: SIM115
        try:
            with GzipFile(fileobj=raw) as stream:
                # read1 gives what is whole before a cut.
                for block in in_room(iter(lambda: stream.read1(1 << 16), b""), shard):
                    if unpacked.tell() + len(block) > limit:
                        raise DataError(
                            f"{shard} unpacks to more than {limit:,} bytes, a hundred times its size: refused as a bomb"
                        )
                    unpacked.write(block)
        except DataError:
            unpacked.close()
            raise
        except (EOFError, BadGzipFile, zlib.error) as error:
            self.problems[shard] = Skipped(shard, f"damaged gzip stream: {error}")
        return unpacked
