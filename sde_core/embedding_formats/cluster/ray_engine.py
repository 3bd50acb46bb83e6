"""Work as tasks of Ray (extra ``cluster``), which places them, moves results, and repeats what was lost."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from sde_core.embedding_formats.cluster.sums import ShardSums, merged, shard_sums
from sde_core.embedding_formats.shards import Shard
from sde_core.errors import ConfigError
from sde_core.spectra.result import Center

RETRIES = 4
"""How often a task is begun again whose worker was lost."""

_REACHED_WITHIN_S = 10.0


@contextmanager
def groups_by_ray(
    groups: Sequence[Sequence[Shard]], center: Center, cross: bool, address: str | None
) -> Iterator[Iterator[ShardSums]]:
    """Yield the sums of each group, in order.

    A task is a shard; another adds up those of a group where they lie, so that one result of a group travels here.

    Args:
        groups: of shards.
        center: "mean" or None.
        cross: whether sums across the modalities are taken.
        address: of a cluster; None is what RAY_ADDRESS says, or this machine alone.

    Raises:
        ConfigError: Ray is missing, the cluster cannot be reached, or a task was lost again and again.
    """
    with ray_at(address) as ray:
        yield _sums(ray, groups, center, cross)


@contextmanager
def ray_at(address: str | None) -> Iterator[Any]:
    """Yield Ray, joined to a cluster; one that was started or joined here is left at the end.

    Args:
        address: of a cluster; None is what RAY_ADDRESS says, or this machine alone.

    Raises:
        ConfigError: Ray is missing, or the cluster cannot be reached.
    """
    ray = _ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(ray, address)
    try:
        yield ray
    finally:
        if is_ours:
            ray.shutdown()


@contextmanager
def given_up(ray: Any, what: Callable[[], str]) -> Iterator[None]:  # noqa: ANN401
    """Say in one sentence that a task was lost again and again, or cannot be done.

    Args:
        ray: of `ray_at`.
        what: names what was worked on.

    Raises:
        ConfigError: Ray raised.
    """
    try:
        yield
    except ray.exceptions.RayError as error:
        raise ConfigError(
            f"Ray gave up on {what()}: {_line(error)}; look at its "
            "workers and their memory, and begin again: with resume it goes on where it ended"
        ) from None


def _sums(ray: Any, groups: Sequence[Sequence[Shard]], center: Center, cross: bool) -> Iterator[ShardSums]:  # noqa: ANN401
    read = ray.remote(num_cpus=1, max_retries=RETRIES)(shard_sums)
    add = ray.remote(num_cpus=1, max_retries=RETRIES)(merged)
    # Enough groups ahead to keep all workers at work, few enough that their results fit.
    ahead = 2 + int(ray.cluster_resources().get("CPU", 1)) // max(1, len(groups[0]))
    waiting: list[Any] = []
    number = 0
    with given_up(ray, lambda: f"a group of shards, of which the first is {groups[number][0]}"):
        for number in range(len(groups)):
            for group in groups[number + len(waiting) : number + ahead]:
                waiting.append(add.remote(*(read.remote(shard, center, cross) for shard in group)))
            yield ray.get(waiting.pop(0))


def _ray() -> Any:  # noqa: ANN401
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    try:
        import ray
    except ImportError:
        raise ConfigError('engine ray needs the package ray: pip install "sde-explorer[cluster]"') from None
    return ray


def _connect(ray: Any, address: str | None) -> None:  # noqa: ANN401
    address = address or os.environ.get("RAY_ADDRESS") or None
    told = f"no Ray cluster answers at {address}: start it (ray start --head), name another address, or leave it out"
    if address not in (None, "auto", "local"):
        _check_answers(address, told)
    try:
        ray.init(
            address="local" if address is None else address,
            include_dashboard=None if address not in (None, "local") else False,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, RuntimeError, ValueError, ImportError) as error:
        raise ConfigError(
            f"{told} ({_line(error)})" if address else f"Ray does not start: {_line(error)}"
        ) from None


def _check_answers(address: str, told: str) -> None:
    """Refuse an address where nothing listens; Ray itself would wait for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        if parts.hostname is None or parts.port is None:
            raise ConfigError(f"address must be HOST:PORT, ray://HOST:PORT or auto; got {address!r}")
        socket.create_connection((parts.hostname, parts.port), _REACHED_WITHIN_S).close()
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(told) from None


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
