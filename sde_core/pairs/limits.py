"""How large what a user brings may be; above it an item is skipped or an archive refused, with its reason."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from sde_core.errors import DataError

MIB = 1 << 20

MAX_CAPTION_CHARACTERS = 100_000
"""Longer captions are skipped: the longest real ones have some thousand characters."""

MAX_ID_CHARACTERS = 4_096
"""As long as a path may be."""

MAX_PICTURE_BYTES = 256 * MIB
"""A file of 64 megapixels without any compression has 192 MiB."""

MAX_ROW_BYTES = 16 * MIB
"""One row of a table, one sidecar or one JSON record."""

SPARE_BYTES = 512 * MIB
"""Of the disk with temporary files, left for others who write there."""

LOOK_BYTES = 16 * MIB
"""Unpacked between two looks at what is free."""

MAX_MEMBERS = 1_000_000
"""Files in one archive; its index lies in memory."""


def allowed_unpacked(packed: int) -> int:
    """Return how many bytes an archive of ``packed`` bytes may unpack to.

    Images hardly compress and text does by ten, so a hundredfold is a bomb; small archives get 64 MiB.
    """
    return 64 * MIB + 100 * packed


def check_rows(rows: int, size: int, what: str) -> None:
    """Refuse a table of more rows than its bytes can tell apart: equal ones take none, and time as others do.

    A hundred thousand are allowed to any file, and four for each byte: ids, paths and captions take more than that.

    Raises:
        DataError: it has more.
    """
    allowed = 100_000 + 4 * size
    if rows > allowed:
        raise DataError(
            f"{what} has {rows:,} rows in {size:,} bytes, and may have {allowed:,}: refused as a bomb"
        )


def in_room(blocks: Iterable[bytes], what: str) -> Iterator[bytes]:
    """Yield what is unpacked into the folder for temporary files (TMPDIR), as long as 512 MiB stay free there.

    Args:
        blocks: of bytes, each written before the next one is asked for.
        what: is unpacked, in words.

    Raises:
        DataError: its disk is nearly full.
    """
    since = 0
    for block in blocks:
        since += len(block)
        if since >= LOOK_BYTES:
            since, folder = 0, tempfile.gettempdir()
            free = shutil.disk_usage(folder).free
            if free < SPARE_BYTES:
                raise DataError(
                    f"{what} cannot be unpacked, {folder} has {free / MIB:,.0f} MiB free: make room there, or set "
                    "TMPDIR to a larger disk"
                )
        yield block


def read_at_most(file: IO[bytes], limit: int, what: str) -> bytes:
    """Return the rest of ``file``.

    Raises:
        DataError: it has more than ``limit`` bytes.
    """
    content = file.read(limit + 1)
    if len(content) > limit:
        raise DataError(f"{what} must have at most {limit:,} bytes; it has more")
    return content
