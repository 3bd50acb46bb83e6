"""The parent's side of decoding processes: one that dies costs the image that killed it, no other."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from sde_core.encoding.decode_worker import FORK
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from PIL.Image import Image

TIMEOUT_S = 120.0
"""A process that needs longer for a few images hangs, and is ended."""

_START_S = 300.0  # to import the encoder's libraries on a busy machine


class Nursery:
    """The program that workers are forked from; used from any thread.

    Args:
        preprocess: PIL image -> tensor; must be picklable.

    Raises:
        ConfigError: it does not start, or ``preprocess`` does not arrive there.
    """

    def __init__(self, preprocess: "Callable[[Image], Tensor]") -> None:
        if os.name != "posix":
            raise ConfigError("workers must be 0 on this system: processes for decoding need POSIX sockets")
        self._lock = Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            self._program = subprocess.Popen(
                [sys.executable, "-m", "sde_core.encoding.decode_worker", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                # What can be imported here can be imported there; the arithmetic is one thread's.
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    "OMP_NUM_THREADS": "1",
                },
            )
        self._control = Connection(ours.detach())
        try:
            self._control.send(preprocess)
            problem = self._control.recv() if self._control.poll(_START_S) else "it does not answer"
        except (EOFError, OSError):
            problem = f"it ended with code {self._program.wait()}"
        except Exception as error:  # an object that cannot be pickled raises many kinds
            problem = f"the preprocessing cannot be sent to it: {error}"
        if problem:
            self.close()
            raise ConfigError(f"workers must be 0 here: a process for decoding does not start, {problem}")

    def fork(self) -> tuple[int, Connection]:
        """Return the process id of a new worker, and the pipe to it."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            self._control.send(FORK)
            send_handle(self._control, theirs.fileno(), self._program.pid)
            worker: int = self._control.recv()
        return worker, Connection(ours.detach())

    def ended(self, worker: int) -> int:
        """Wait for a worker and return its exit code, negative if a signal ended it."""
        with self._lock:
            self._control.send(worker)
            return os.waitstatus_to_exitcode(self._control.recv())

    def close(self) -> None:
        """End the program; workers must have ended."""
        self._control.close()
        self._program.kill()
        self._program.wait()


class DecodeProcess:
    """Decodes images in a process of its own; used by one thread at a time.

    Args:
        nursery: where workers come from.
    """

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._worker: tuple[int, Connection] | None = None

    def read(self, contents: Sequence[bytes]) -> list[Tensor | str]:
        """Return each image preprocessed, or why there is none."""
        if self._worker is None:
            self._worker = self._nursery.fork()
        worker, pipe = self._worker
        try:
            return _exchanged(pipe, contents)
        except (EOFError, OSError):  # a timeout is one of them
            reason = self._end(worker, pipe)
        if len(contents) == 1:
            return [reason]
        return [x for content in contents for x in self.read([content])]

    def close(self) -> None:
        """End the process."""
        if self._worker is not None:
            self._end(*self._worker)

    def _end(self, worker: int, pipe: Connection) -> str:
        """End the worker if it still runs, and return how it ended, as a sentence."""
        pipe.close()
        os.kill(worker, 9)  # nothing happens to one that has ended: its number is kept until it is waited for
        self._worker = None
        code = self._nursery.ended(worker)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the process that decoded it {how}: the picture is damaged, or memory is short"


def _exchanged(pipe: Connection, contents: Sequence[bytes]) -> list[Tensor | str]:
    pipe.send(len(contents))
    for content in contents:
        pipe.send_bytes(content)
    if not pipe.poll(TIMEOUT_S):
        raise TimeoutError
    reasons: list[str | None] = pipe.recv()
    return [_tensor(pipe) if reason is None else reason for reason in reasons]


def _tensor(pipe: Connection) -> Tensor:
    kind, shape = pipe.recv()
    array: np.ndarray[Any, Any] = np.empty(shape, kind)
    pipe.recv_bytes_into(memoryview(array.data).cast("B"))
    return torch.from_numpy(array)
