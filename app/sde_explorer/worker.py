"""A process that does heavy work for the page's: `python -m sde_explorer.worker`, started by `jobs.outside`.

It reads orders as lines of JSON from its input, with arrays as bytes behind them, and writes what it does as lines of
JSON. What else is printed goes to its errors' stream. When its input ends, so does it, at once: whoever gave the orders
is gone, and everything on the disk is whole or named partial at any moment.
"""

import faulthandler
import json
import os
import queue
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any

from sde_explorer.jobs.job import Cancelled, Job

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TASKS = {
    "train": "sde_explorer.training.job",
    "sweep": "sde_explorer.training.mixing_job",
    "mix": "sde_explorer.training.mixing_job",
    "map": "sde_explorer.subspaces.map_job",
}
"""Task -> module whose function ``do_TASK(job, settings, arrays)`` does it and returns what JSON has."""


class Told(Job):
    """A job in this process that tells everything to the one in the page's."""

    tell: "Callable[[dict[str, Any]], None]"

    def begin(self) -> None:
        """Begin to run, and to count its seconds.

        Raises:
            Cancelled: it was stopped before.
        """
        with self._lock:
            if self.is_stopping:
                raise Cancelled
            self._started, self.status = time.monotonic(), "running"

    def report(
        self,
        share: float,
        note: str = "",
        *,
        seconds_left: float | None = None,
        partial: object = None,
        news: object = None,
        may_stop: bool = True,
    ) -> None:
        """Tell how far the work is; ``partial`` stays here."""
        self.tell({"share": share, "note": note, "seconds_left": seconds_left, "news": news})
        super().report(share, note, seconds_left=seconds_left, partial=partial, may_stop=may_stop)


class _Inbox:
    """Orders as they come; its own thread reads them, so that work hears of a stop at its next report."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines = lines
        self._current: tuple[int, Told] | None = None
        self.orders: queue.SimpleQueue[tuple[Told, dict[str, Any], list[npt.NDArray[np.generic]]]] = (
            queue.SimpleQueue()
        )
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def _read(self) -> None:
        try:
            for line in self._lines:
                said = json.loads(line)
                if "stop" in said:
                    if self._current is not None and self._current[0] == said["stop"]:
                        self._current[1].cancel()
                    continue
                job = Told(key="", kind=said["task"], title=said["title"], work=lambda _: None)
                arrays = [_array(self._lines, **one) for one in said["arrays"]]
                self._current = (said["number"], job)
                self.orders.put((job, said, arrays))
        finally:
            os._exit(0)


def main() -> None:
    """Do what is ordered, one after another."""
    out = os.fdopen(os.dup(1), "wb")
    orders = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)  # whatever a library prints is no line of ours
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    faulthandler.enable()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then stops its jobs

    def tell(said: dict[str, Any]) -> None:
        out.write(json.dumps(said, default=str).encode() + b"\n")
        out.flush()

    inbox = _Inbox(orders)
    while True:
        job, order, arrays = inbox.orders.get()
        job.tell = tell
        try:
            tell(_done(job, order, arrays))
        except OSError:  # nobody reads any more
            os._exit(0)


def _done(job: Told, order: dict[str, Any], arrays: "list[npt.NDArray[np.generic]]") -> dict[str, Any]:
    """Do one order, and return how it ended."""
    import sde_core as sde

    try:
        job.begin()
        job.tell({"share": 0.0, "note": "loading what it needs", "seconds_left": None, "news": None})
        _prepare(order)
        task = order["task"]
        work = getattr(import_module(TASKS[task]), f"do_{task}")
        ended = {"result": work(job, order["settings"], arrays)}
    except Cancelled:
        ended = {"cancelled": True}
    except sde.SDEError as error:
        ended = {"error": str(error)}
    except Exception:  # the page's process says it to the log
        ended = {"traceback": traceback.format_exc()}
    return {**ended, "figures": job.figures}


def _prepare(order: dict[str, Any]) -> None:
    """Take over where and under which rules the page's process works."""
    import torch

    from sde_core.files.cache import cache_folder
    from sde_core.files.mapped import copy_before_mapping
    from sde_explorer.serving.policy import ENVIRONMENT, install, policy_from

    for gone in set(os.environ) - set(order["environment"]):
        del os.environ[gone]
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    install(policy_from({ENVIRONMENT: json.dumps(order["policy"])}, "127.0.0.1"))
    copy_before_mapping(cache_folder())
    torch.set_num_threads(order["threads"])  # so that the last bits are those of the page's process


def _array(lines: IO[bytes], kind: str, shape: list[int]) -> "npt.NDArray[np.generic]":
    import numpy as np

    found = np.empty(shape, np.dtype(kind))
    rest = memoryview(found.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    while len(rest):
        read = lines.readinto(rest)  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        rest = rest[read:]
    return found


if __name__ == "__main__":
    main()
