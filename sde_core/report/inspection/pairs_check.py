"""Pairs read once from end to end: sizes, twins, near duplicates, captions, leaks between splits."""

import hashlib
from array import array
from dataclasses import dataclass, field

import numpy as np

from sde_core.errors import DataError
from sde_core.pairs import Pair, Pairs, decode_image, detect_format
from sde_core.report.inspection.findings import CheckReport
from sde_core.report.inspection.odd import Odd, leaks, odd_captions, odd_of
from sde_core.report.inspection.picture_hash import cell_colours, difference_hash, nearest_before
from sde_core.vocabulary import Modality

MOST_HASHED = 50_000
"""Images that are compared with each other: 50,000 take some seconds."""

_SMALL, _MIXED, _DARK = 32, 8, 32
SPLIT_COLUMNS = ("split", "subset", "partition", "fold")


@dataclass(eq=False)
class Seen:
    """What is kept of the pairs: some hundred bytes each."""

    ids: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    captions: dict[str, list[int]] = field(default_factory=dict)
    twins: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    dark: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    digests: dict[bytes, int] = field(default_factory=dict)
    same_as: list[int] = field(default_factory=list)
    hashes: "array[int]" = field(default_factory=lambda: array("Q"))
    colours: bytearray = field(default_factory=bytearray)
    hashed: list[int] = field(default_factory=list)

    def add(self, pair: Pair, *, has_picture: bool) -> None:
        """Keep what is compared of a pair; an image that cannot be decoded is kept by its words."""
        row = len(self.ids)
        self.ids.append(pair.id)
        split = next((pair.metadata[name] for name in SPLIT_COLUMNS if name in pair.metadata), "")
        self.splits.append(str(split))
        for caption in pair.captions:
            self.captions.setdefault(caption, []).append(row)
        self.same_as.append(row)
        if has_picture:
            self._look_at(pair, row)

    def _look_at(self, pair: Pair, row: int) -> None:
        try:
            content = pair.read_image()
            first = self.digests.setdefault(hashlib.sha256(content).digest(), row)
            self.same_as[row] = first
            if first != row:
                self.twins.append(f"{pair.id} is {self.ids[first]}")
            picture = decode_image(content)
        except DataError as error:
            self.broken.append(f"{pair.id}: {error}")
            return
        self.sizes.append(picture.size)
        if min(picture.size) < _SMALL:
            self.small.append(f"{pair.id}: {picture.width} x {picture.height}")
        brightest = int(np.max(picture.getextrema()))
        if brightest < _DARK:
            self.dark.append(f"{pair.id}: at most {brightest} of 255")
        if len(self.hashed) < MOST_HASHED and first == row:
            self.hashes.append(difference_hash(picture))
            self.colours += cell_colours(picture).tobytes()
            self.hashed.append(row)


def seen_of(pairs: Pairs) -> Seen:
    """Return what is kept of pairs that are read from end to end."""
    seen = Seen()
    for pair in pairs:
        seen.add(pair, has_picture=Modality.IMAGE in pairs.modalities)
    return seen


def check_pairs(name: str, pairs: Pairs, format: str | None, seen: Seen | None = None) -> CheckReport:
    """Return what pairs hold and what is odd about them.

    Args:
        name: of the set in sentences.
        pairs: the set.
        format: of it, where it was named.
        seen: of the same pairs, where they were read before.

    Raises:
        DataError: not one can be used.
    """
    seen = seen_of(pairs) if seen is None else seen
    if not seen.ids:
        first = next((f"; the first: {s.item}: {s.reason}" for s in pairs.skipped), "")
        raise DataError(f"{name} must hold at least one usable pair; it has none{first}")
    sides = [side for size in seen.sizes for side in size]
    facts = {"skipped": len(pairs.skipped)}
    if sides:
        facts |= {"smallest_side": min(sides), "largest_side": max(sides)}
    return CheckReport(
        path=name,
        kind="pairs",
        format=format or detect_format(name) or "bundled",
        modalities=tuple(map(str, pairs.modalities)),
        n_images=len(seen.ids),
        n_texts=len(seen.captions),
        facts=facts,
        odd=tuple(_odd(pairs, seen, sides)),
    )


def _odd(pairs: Pairs, seen: Seen, sides: list[int]) -> list[Odd]:
    colours = np.array(seen.colours, dtype=np.uint8).reshape(len(seen.hashes), 192)
    near = nearest_before(np.array(seen.hashes, dtype=np.uint64), colours)
    like = np.array(seen.same_as, dtype=np.int64)
    for position, first in enumerate(near.tolist()):
        if first != position:
            like[seen.hashed[position]] = seen.hashed[first]
    names = [(row, seen.hashed[first]) for row, first in zip(seen.hashed, near.tolist(), strict=True)]
    shared = {caption: rows for caption, rows in seen.captions.items() if len(set(rows)) > 1}
    across = leaks(seen.ids, seen.splits, like)
    across += [
        f"the caption {c[:60]!r}" for c, rows in shared.items() if len({seen.splits[r] for r in rows}) > 1
    ]
    mixed = (
        [f"from {min(sides)} to {max(sides)} pixels"] if sides and max(sides) >= _MIXED * min(sides) else []
    )
    return [
        *odd_of("skipped", (f"{s.item}: {s.reason}" for s in pairs.skipped)),
        *odd_of("broken_pictures", seen.broken),
        *odd_of("twins", seen.twins),
        *odd_of("near_duplicates", (f"{seen.ids[a]} is nearly {seen.ids[b]}" for a, b in names if a != b)),
        *odd_of("shared_captions", (f"{c[:60]!r}: {len(set(rows))} pictures" for c, rows in shared.items())),
        *odd_captions(list(seen.captions)),
        *odd_of("mixed_sizes", mixed),
        *odd_of("small_pictures", seen.small),
        *odd_of("dark_pictures", seen.dark),
        *odd_of("leaks", across),
        *odd_of("remarks", pairs.remarks),
    ]
