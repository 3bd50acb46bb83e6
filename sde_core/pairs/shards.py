"""A set of pairs in shards that workers read each by itself: WebDataset's tars, parquet files; others are one whole."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.pairs import open_pairs, source_at
from sde_core.pairs.base import Pairs
from sde_core.pairs.registry import detected_name, open_part, parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PairShard:
    """One shard: words alone, so that it costs nothing to send.

    Attributes:
        uri: of the whole set.
        format: of it, None where it is detected.
        image_root: as `open_pairs` takes it.
        part: name of the file within the set; None is all of it.
    """

    uri: str
    format: str | None = None
    image_root: str | None = None
    part: str | None = None

    __repr__ = brief

    def __str__(self) -> str:
        """Return what people call it."""
        return self.uri if self.part is None else self.part

    def open(self) -> Pairs:
        """Return its pairs, with the ids that they have in the whole set.

        Raises:
            DataError: it is missing or cannot be read.
        """
        if self.part is None or self.format is None:
            return open_pairs(self.uri, self.format, image_root=self.image_root)
        return open_part(self.format, source_at(self.uri, self.image_root), self.part)

    def state(self) -> str:
        """Return a digest of names and of the files' first and last bytes: another one is another shard.

        Raises:
            DataError: it is missing or cannot be read.
        """
        words = f"{self.format} {self.image_root} {self.part} {self.open().fingerprint}"
        return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()


def pair_shards(
    uri: str | Path, format: str | None = None, *, image_root: str | Path | None = None
) -> list[PairShard]:
    """Return the shards of a set of pairs, as its files are: nothing depends on how many workers there are.

    Args:
        uri: as `open_pairs` takes it.
        format: one of `format_names`; None detects it.
        image_root: as `open_pairs` takes it.

    Raises:
        DataError: nothing there, or nothing in a known format.
    """
    root = None if image_root is None else str(image_root)
    source = source_at(uri, root)
    format = format or detected_name(source)
    whole = PairShard(uri=str(uri), format=format, image_root=root)
    names = [] if format is None else parts_of(format, source)
    if len(names) < 2:
        whole.open()  # says what is wrong with it
        return [whole]
    return [PairShard(uri=str(uri), format=format, image_root=root, part=name) for name in names]
