"""Sums of all shards: one after the other in this process, or as tasks of Ray; the same bits whoever computes them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from sde_core.embedding_formats.cluster.ray_engine import groups_by_ray
from sde_core.embedding_formats.cluster.sums import ShardSums, add, groups_of, key_of, merged, shard_sums
from sde_core.embedding_formats.shards import Shard
from sde_core.errors import ConfigError, DataError
from sde_core.spectra.result import Center

Engine: TypeAlias = Literal["process", "ray"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the shards done and all of them."""


def spectra_of_shards(
    shards: Sequence[Shard],
    *,
    center: Center = "mean",
    cross: bool = False,
    engine: Engine = "process",
    address: str | None = None,
    resume: str | Path | None = None,
    progress: Progress | None = None,
) -> ShardSums:
    """Return the sums of all shards, from which every spectrum follows.

    Shards are grouped, and groups added, in their order: the number of workers changes no bit, nor does a worker that
    is lost, whose tasks another one does again. A shard that cannot be read is skipped and counted. Where linear
    algebra or its number of threads differs, as it may between machines, float64 rounds otherwise in the last digits.

    Args:
        shards: of `shards_of`; every worker must see the files under the same names.
        center: "mean" or None.
        cross: whether sums across the modalities are taken too, which doubles the work (`ShardSums.pairs`).
        engine: "process" is this one; "ray" starts or joins a Ray cluster.
        address: of the cluster, "auto" for one that runs here; None is what RAY_ADDRESS says, or this machine alone.
        resume: folder that keeps the sums of groups that are done: the same call goes on there.
        progress: told after every group.

    Raises:
        ConfigError: the engine is missing, cannot be reached, or loses a task again and again.
        DataError: no shard can be read.
    """
    if engine not in ("process", "ray"):
        raise ConfigError(f'engine must be "process" or "ray"; got {engine!r}')
    groups = groups_of(shards)
    place = None if resume is None else Path(resume).expanduser()
    kept = [None if place is None else place / key_of(group, center, cross) for group in groups]
    total, done = ShardSums(), 0
    found = [None if folder is None else ShardSums.load(folder) for folder in kept]
    left = [group for group, sums in zip(groups, found, strict=True) if sums is None]
    with _computed(left, center, cross, engine, address) as computed:
        for group, sums, folder in zip(groups, found, kept, strict=True):
            if sums is None:
                sums = next(computed)
                if folder is not None and not sums.skipped:
                    sums.save(folder)
            add(total, sums)
            done += len(group)
            if progress is not None:
                progress(done, len(shards))
    if not total.sides:
        first = f"; the first: {total.skipped[0].item}: {total.skipped[0].reason}" if total.skipped else ""
        raise DataError(
            f"shards must hold at least one usable row; {len(total.skipped)} could not be read{first}"
        )
    return total


@contextmanager
def _computed(
    groups: Sequence[Sequence[Shard]], center: Center, cross: bool, engine: Engine, address: str | None
) -> Iterator[Iterator[ShardSums]]:
    """Yield the sums of each group, in order."""
    if engine == "ray" and groups:
        with groups_by_ray(groups, center, cross, address) as computed:
            yield computed
    else:
        yield (merged(*(shard_sums(shard, center, cross) for shard in group)) for group in groups)
