"""Work in a process of its own, so that it never holds the interpreter of the page: the server's side.

The program is `python -m sde_explorer.worker`. Both sides write lines of JSON, arrays as their bytes: nothing that is
read can run code. One that has done its work waits a minute for the next, since its imports take seconds; it ends with
the server, however that ended, because it then reads the end of its input.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import sde_core as sde
from sde_explorer.jobs.job import Cancelled, Job
from sde_explorer.serving import log
from sde_explorer.serving.policy import current

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PROGRAM = "sde_explorer.worker"
KEPT_S = 60.0
"""A process waits so long for its next work: half a gigabyte that is not held for nothing."""
_PATIENCE_S = 10.0
_LAST_WORDS = 4000  # of what it wrote on its errors' stream, for the log


class Worker:
    """One process, used by one thread at a time; it may be told to stop from any.

    Attributes:
        process: that works.
        is_free: whether it has said how its last work ended.
        timer: that ends it where it waits for too long.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self.is_free = True
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `end`)
        # What can be imported here can be imported there, and nothing else: not what lies in the working folder.
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
        arenas = {"MALLOC_ARENA_MAX": "2"}  # as in the server: each would keep what was freed in it
        self.process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **arenas, **paths},
        )
        self.timer: threading.Timer | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process.poll() is None

    def order(
        self, order: Mapping[str, Any], arrays: "Sequence[npt.NDArray[np.generic]]"
    ) -> "Callable[[], None]":
        """Give it work, and return what stops this very work."""
        import numpy as np

        self._number, self.is_free = self._number + 1, False
        shapes = [{"kind": array.dtype.str, "shape": array.shape} for array in arrays]
        with suppress(OSError):  # it has ended: whoever follows it says so
            self._write(
                _line({**order, "number": self._number, "arrays": shapes}),
                *(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays),
            )
        return partial(self._stop, self._number)

    def _stop(self, number: int) -> None:
        with suppress(OSError, ValueError):  # one that has ended is asked in vain
            self._write(_line({"stop": number}))

    def follow(self, job: Job, task: str) -> Any:  # noqa: ANN401  (as `Workers.do`)
        """Return what the task came to; as `Workers.do`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break
            said = json.loads(line)
            if "share" in said:
                with suppress(Cancelled):  # the task ends by itself: it was told when the job was
                    job.report(
                        said["share"], said["note"], seconds_left=said["seconds_left"], news=said["news"]
                    )
                continue
            self.is_free = True
            job.figures |= said["figures"]
            if "result" in said:
                return said["result"]
            if "error" in said:
                raise sde.SDEError(said["error"])
            if "traceback" in said:
                raise RuntimeError(f"{task} failed in its process:\n{said['traceback']}")
            raise Cancelled
        raise sde.SDEError(self._how_it_ended(task))

    def end(self) -> None:
        """End the process, and wait for it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self.process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._errors.close()

    def _write(self, *parts: "bytes | memoryview") -> None:
        assert self.process.stdin is not None
        with self._lock:
            for part in parts:
                self.process.stdin.write(part)
            self.process.stdin.flush()

    def _how_it_ended(self, task: str) -> str:
        """Return a sentence on a process that is gone in the middle; the log holds its last words."""
        try:
            code = self.process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _LAST_WORDS))
        words = self._errors.read().decode("utf-8", "replace")
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        name = log.tell_problem(f"the process of {task}", f"it {how}; its last words: {words}")
        return (
            f"the process that did this {how}: memory is short, or somebody ended it; what was written before is kept, "
            f"and the server's log has it under {name}"
        )


class Workers:
    """Processes that wait for work."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self.kept_s = kept_s
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        atexit.register(self.close)

    def do(
        self,
        job: Job,
        task: str,
        settings: Mapping[str, Any],
        arrays: "Sequence[npt.NDArray[np.generic]]" = (),
    ) -> Any:  # noqa: ANN401  (what the task returns, as JSON has it)
        """Return what a task of `sde_explorer.worker` came to; the job hears how far it is, and stops it.

        Args:
            job: whose work it is; reports and news of the task are its own.
            task: name in `sde_explorer.worker.TASKS`.
            settings: of the task, as JSON has them.
            arrays: further ones, of numbers.

        Raises:
            SDEError: what the task raised, or its process ended, or none could be started.
            Cancelled: the job was stopped, and the task has ended.
            RuntimeError: the task raised what nobody foresaw; the text is the traceback.
        """
        order = {
            "task": task,
            "settings": settings,
            "title": job.title,
            "threads": _threads(),
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "policy": _plain_policy(),
        }
        with self.lent() as worker:
            job.on_stop = worker.order(order, arrays)
            try:
                if job.is_stopping:  # since before it could be told
                    job.on_stop()
                return worker.follow(job, task)
            finally:
                job.on_stop = None

    @contextmanager
    def lent(self) -> "Iterator[Worker]":
        """Lend one that waits, or a new one; afterwards it waits again, unless it has ended.

        Raises:
            SDEError: no process can be started.
        """
        worker = self._waiting() or _started()
        try:
            yield worker
        finally:
            self._take_back(worker)

    def close(self) -> None:
        """End all that wait."""
        while (worker := self._waiting()) is not None:
            worker.end()

    def _waiting(self) -> Worker | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                worker = self._idle.pop()
            assert worker.timer is not None
            worker.timer.cancel()
            if worker.is_alive:
                return worker
            worker.end()

    def _take_back(self, worker: Worker) -> None:
        if not (worker.is_free and worker.is_alive):
            worker.end()
            return
        worker.timer = threading.Timer(self.kept_s, self._let_go, (worker,))
        worker.timer.daemon = True
        with self._lock:
            self._idle.append(worker)
        worker.timer.start()

    def _let_go(self, worker: Worker) -> None:
        with self._lock:
            if worker not in self._idle:  # lent again in this very moment
                return
            self._idle.remove(worker)
        worker.end()


def _started() -> Worker:
    try:
        return Worker()
    except OSError as error:
        raise sde.SDEError(
            f"no process can be started for this work: {error.strerror or error}; try again when memory is free"
        ) from None


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _plain_policy() -> dict[str, Any]:
    rules = current()
    roots = None if rules.roots is None else [str(root) for root in rules.roots]
    return {**asdict(rules), "roots": roots, "hosts": list(rules.hosts)}


workers = Workers()
"""Of this process."""
