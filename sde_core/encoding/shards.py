"""Shards of pairs through an encoder: one after the other in this process, or by actors on a Ray cluster."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sde_core.embedding_formats.cluster.ray_engine import given_up, ray_at
from sde_core.embedding_formats.cluster.spectra import Engine
from sde_core.encoding.parts import Encoding, encode_part, joined, loaded
from sde_core.errors import ConfigError, DataError
from sde_core.pairs import open_pairs
from sde_core.pairs.base import Skipped
from sde_core.pairs.shards import PairShard
from sde_core.sets.embeddings import EmbeddingSet

Outcome: TypeAlias = tuple[int, str, str]
"""Number of a shard, why it was skipped, and why its part cannot be written: "" where that is not so."""


def encode_shards(
    shards: Sequence[PairShard],
    encoding: Encoding,
    *,
    engine: Engine = "process",
    address: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EmbeddingSet:
    """Return the pairs of all shards as one set; each shard is written as a part first, and never done twice.

    A shard is encoded by itself and parts are joined in order, so the number of workers changes no bit, nor does one
    that is lost. A shard that cannot be read is skipped and counted; then the parts stay when the set is saved, and
    the same call tries that shard again.

    Args:
        shards: of `pair_shards`; every worker must see the files under the same names.
        encoding: how, and the folder of the parts.
        engine: "process" is this one; "ray" starts or joins a Ray cluster.
        address: of the cluster, "auto" for one that runs here; None is what RAY_ADDRESS says, or this machine alone.
        progress: told after every shard, in the order in which they are done.

    Raises:
        ConfigError: the engine is missing, cannot be reached, or loses a shard again and again.
        DataError: no shard can be used, or a part cannot be written.
    """
    if engine not in ("process", "ray"):
        raise ConfigError(f'engine must be "process" or "ray"; got {engine!r}')
    encoding = replace(encoding, folder=str(Path(encoding.folder).expanduser().absolute()))
    reasons: dict[int, str] = {}
    with _outcomes(shards, encoding, engine, address) as outcomes:
        for done, (number, reason, failure) in enumerate(outcomes, start=1):
            if failure:
                raise DataError(failure)
            if reason:
                reasons[number] = reason
            if progress is not None:
                progress(done, len(shards))
    parts = [_part(encoding, number, shard) for number, shard in enumerate(shards) if number not in reasons]
    whole = shards[0]
    fingerprint = open_pairs(whole.uri, whole.format, image_root=whole.image_root).fingerprint
    skipped = [Skipped(str(shards[number]), reason) for number, reason in sorted(reasons.items())]
    made = joined(parts, skipped, uri=whole.uri, fingerprint=fingerprint)
    return replace(made, blocks=None if reasons else Path(encoding.folder))


def _part(encoding: Encoding, number: int, shard: PairShard) -> EmbeddingSet:
    found = loaded(encoding.part(number, shard))
    if found is None:
        raise DataError(
            f"the part of {shard} must lie in {encoding.folder} when a worker has written it; it does not: give an "
            "output on a disk that all machines share"
        )
    return found


@contextmanager
def _outcomes(
    shards: Sequence[PairShard], encoding: Encoding, engine: Engine, address: str | None
) -> Iterator[Iterator[Outcome]]:
    if engine == "process":
        encode = EncodeShards(shards, encoding)
        yield (encode.one(number) for number in range(len(shards)))
        return
    with ray_at(address) as ray, given_up(ray, lambda: f"the shards of {shards[0].uri}"):
        yield _by_ray(ray, shards, encoding)


def _by_ray(ray: Any, shards: Sequence[PairShard], encoding: Encoding) -> Iterator[Outcome]:  # noqa: ANN401
    """Yield what became of each shard, as actors get done; Ray Data hands shards out, and again where one was lost."""
    from ray import data

    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    found = ray.cluster_resources()
    n_gpus, n_cpus = int(found.get("GPU", 0)), int(found.get("CPU", 1))
    results = data.from_items(
        [{"number": number} for number in range(len(shards))], override_num_blocks=len(shards)
    ).map_batches(
        EncodeShards,
        fn_constructor_args=(list(shards), encoding),
        batch_size=1,
        compute=data.ActorPoolStrategy(size=max(1, min(n_gpus or n_cpus, len(shards)))),
        num_gpus=1 if n_gpus else 0,
        num_cpus=max(1, n_cpus // n_gpus) if n_gpus else 1,
    )
    for row in results.iter_rows():
        yield int(row["number"]), str(row["reason"]), str(row["failure"])


class EncodeShards:
    """An encoder, loaded once, and the shards that it may be asked for."""

    def __init__(self, shards: Sequence[PairShard], encoding: Encoding) -> None:
        self._shards, self._encoding = shards, encoding
        self._encoder = encoding.encoder.load()

    def one(self, number: int) -> Outcome:
        """Encode one shard."""
        try:
            return number, encode_part(self._encoder, self._encoding, number, self._shards[number]), ""
        except DataError as error:
            return number, "", str(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Encode the shards of a batch, as Ray Data hands them out and wants the answer."""
        found = [self.one(int(number)) for number in batch["number"]]
        return {name: [each[i] for each in found] for i, name in enumerate(("number", "reason", "failure"))}
