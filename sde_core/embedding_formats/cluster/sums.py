"""What a shard of embeddings adds to spectra: counts and sums that are merged in the order of the shards.

The same shards in the same order give the same bits, whoever computes which: a shard is always read in the same blocks,
a group is always the same shards, and groups are added first to last.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sde_core.checks.brief import brief
from sde_core.embedding_formats.gather import gathered
from sde_core.embedding_formats.shards import Shard
from sde_core.errors import DataError
from sde_core.files.in_order import rows_in_order
from sde_core.files.text_file import write_text
from sde_core.pairs.base import Skipped
from sde_core.spectra.accumulator import SpectrumAccumulator
from sde_core.spectra.cross_spectrum import CrossSpectrumAccumulator
from sde_core.spectra.pair_sums import PairSpectraAccumulator
from sde_core.spectra.result import Center
from sde_core.vocabulary import Modality

GROUP = 8
"""Shards whose sums are added before they are sent on, and are kept for a later run together."""

_BLOCK_ROWS = 8_192
_NAMED = 10  # rows that are named; the others are only counted
_MARK = "sums.json"


@dataclass(eq=False, kw_only=True)
class ShardSums:
    """Sums of some shards, in order.

    Attributes:
        sides: modality -> its running sums; without an entry where no row was seen.
        cross: sums across the modalities, where they were asked for and rows are pairs.
        n_shards: shards that were read.
        n_rows_left_out: rows, or pairs, that are not finite or all zeros.
        rows_left_out: the first of them.
        skipped: shards that could not be read, and why.
    """

    sides: dict[Modality, SpectrumAccumulator] = field(default_factory=dict)
    cross: CrossSpectrumAccumulator | None = None
    n_shards: int = 0
    n_rows_left_out: int = 0
    rows_left_out: tuple[Skipped, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    __repr__ = brief

    @property
    def pairs(self) -> PairSpectraAccumulator:
        """The sums of pairs: spectra of both sides, joint and cross.

        Raises:
            DataError: they were not asked for, or rows are no pairs.
        """
        if self.cross is None:
            raise DataError(
                "cross must be asked for, and rows must be pairs: sums across modalities were not taken"
            )
        image = self.sides[Modality.IMAGE]
        found = PairSpectraAccumulator(image.n_features, center=image.center)
        found.image, found.text, found.cross = image, self.sides[Modality.TEXT], self.cross
        return found

    def merge(self, other: "ShardSums") -> None:
        """Add what other shards, which come later, have given; ``other`` may be changed by what comes after.

        Raises:
            DataError: another width; nothing is added then.
        """
        for name, sums in other.sides.items():
            own = self.sides.get(name)
            if own is not None and own.n_features != sums.n_features:
                raise DataError(
                    f"{name} must have {own.n_features} features as in the shards before; got {sums.n_features}"
                )
        for name, sums in other.sides.items():
            own = self.sides.get(name)
            self.sides[name] = sums if own is None else own.merge(sums)
        if other.cross is not None:
            self.cross = other.cross if self.cross is None else self.cross.merge(other.cross)
        self.n_shards += other.n_shards
        self.n_rows_left_out += other.n_rows_left_out
        self.rows_left_out = (*self.rows_left_out, *other.rows_left_out)[:_NAMED]
        self.skipped += other.skipped

    def save(self, folder: Path) -> None:
        """Write the sums to a folder; a mark that is written last says that they are whole."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, sums in self.sides.items():
            sums.save(folder / f"{name}.safetensors")
        if self.cross is not None:
            self.cross.save(folder / "cross.safetensors")
        told = {
            "sides": list(self.sides),
            "cross": self.cross is not None,
            "n_shards": self.n_shards,
            "n_rows_left_out": self.n_rows_left_out,
            "rows_left_out": [[s.item, s.reason] for s in self.rows_left_out],
        }
        write_text(folder / _MARK, json.dumps(told))

    @classmethod
    def load(cls, folder: Path) -> "ShardSums | None":
        """Return what `save` wrote, or None where that is not there, or not whole."""
        try:
            told = json.loads((folder / _MARK).read_text("utf-8"))
            sides = {name: SpectrumAccumulator.load(folder / f"{name}.safetensors") for name in told["sides"]}
            cross = CrossSpectrumAccumulator.load(folder / "cross.safetensors") if told["cross"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return cls(
            sides=sides,
            cross=cross,
            n_shards=told["n_shards"],
            n_rows_left_out=told["n_rows_left_out"],
            rows_left_out=tuple(Skipped(*each) for each in told["rows_left_out"]),
        )


def shard_sums(shard: Shard, center: Center, cross: bool) -> ShardSums:
    """Return the sums of one shard; one that cannot be read is skipped, and says why.

    Rows that are not finite or all zeros are left out, of pairs both rows, as `open_embeddings` does.

    Args:
        shard: to read.
        center: "mean" or None.
        cross: whether sums across the modalities are taken, where rows are pairs.
    """
    try:
        return _read(shard, center, cross)
    except (DataError, OSError) as error:
        return ShardSums(skipped=(Skipped(str(shard), str(error)),))


def merged(*sums: ShardSums) -> ShardSums:
    """Return the sums of shards in the given order; what has another width than the first is skipped."""
    total = ShardSums()
    for each in sums:
        add(total, each)
    return total


def add(total: ShardSums, more: ShardSums) -> None:
    """Add sums to a total; those of another width are skipped, and counted."""
    try:
        total.merge(more)
    except DataError as error:
        total.skipped += (*more.skipped, Skipped(f"{more.n_shards} shards", str(error)))


def groups_of(shards: Sequence[Shard]) -> list[Sequence[Shard]]:
    """Return the shards in groups that are the same whatever the number of workers."""
    return [shards[i : i + GROUP] for i in range(0, len(shards), GROUP)]


def key_of(shards: Iterable[Shard], center: Center, cross: bool) -> str:
    """Return what a group's sums are kept by: its files as they are now, rows, and what was asked for."""
    words = [f"{center} {cross} {_BLOCK_ROWS}"]
    for shard in shards:
        files = [(name, *_state(name)) for name in (shard.path, shard.text) if name is not None]
        words.append(f"{files} {shard.start} {shard.stop}")
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def _state(name: str) -> tuple[int, int]:
    try:
        found = os.stat(name)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _read(shard: Shard, center: Center, cross: bool) -> ShardSums:
    matrices, is_paired = shard.matrices()
    found = {name: gathered(matrix) for name, matrix in matrices.items()}
    usable = {name: mask for name, (_, mask, _) in found.items()}
    if is_paired:
        usable = dict.fromkeys(usable, usable[Modality.IMAGE] & usable[Modality.TEXT])
    sums = ShardSums(n_shards=1)
    for name, (rows, _, reasons) in found.items():
        sums.rows_left_out += tuple(
            Skipped(f"{shard}, {name} {row + shard.start}", reason)
            for row, reason in sorted(reasons.items())[:_NAMED]
        )
        if usable[name].any():
            sums.sides[name] = SpectrumAccumulator(rows.shape[1], center=center)
    gone = [int((~mask).sum()) for mask in usable.values()]
    sums.n_rows_left_out = max(gone) if is_paired else sum(gone)
    if cross and is_paired and len(sums.sides) == 2:
        width = sums.sides[Modality.IMAGE].n_features
        sums.cross = CrossSpectrumAccumulator(width, width, center=center)
    names = list(sums.sides)
    for together in [names] if is_paired else [[name] for name in names]:
        for parts in zip(*(rows_in_order(found[name][0], _BLOCK_ROWS) for name in together), strict=True):
            blocks = [
                block[usable[name][start : start + len(block)]]
                for name, (start, block) in zip(together, parts, strict=True)
            ]
            if not len(blocks[0]):
                continue
            for name, block in zip(together, blocks, strict=True):
                sums.sides[name].update(block)
            if sums.cross is not None:
                sums.cross.update(*blocks)
    return sums
