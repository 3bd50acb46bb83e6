"""Processes that decode and preprocess images: `python -m sde_core.encoding.decode_worker FD`.

The program that is started imports what the preprocessing needs, once, and then forks a worker whenever it is asked
to: workers begin in milliseconds and share their memory. It is started as a program of its own, not by
`multiprocessing`: the main module of whoever encodes, such as a dashboard or a script without a guard, is never run
again. It believes nothing but the socket that its parent holds the other end of.
"""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

FORK = "fork"


def main(descriptor: int) -> None:
    """Take a preprocessing, then fork workers and say how they ended, until the parent is gone."""
    import torch

    import sde_core.pairs.image  # noqa: F401  (before the fork, once)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the socket
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    control = Connection(descriptor)
    try:
        preprocess = control.recv()
    except EOFError:
        return
    except Exception as error:  # whatever a foreign object raises when it is unpacked
        control.send(f"{type(error).__name__}: {error}")
        return
    control.send("")
    try:
        while True:
            order = control.recv()
            control.send(_forked(control, preprocess) if order == FORK else os.waitpid(order, 0)[1])
    except (EOFError, ConnectionError):
        return  # the parent is gone or has closed


def _forked(control: Connection, preprocess: "Callable[[Image], Tensor]") -> int:
    """Fork a worker that serves the socket which the parent sends, and return its process id."""
    descriptor = recv_handle(control)
    child = os.fork()
    if child:
        os.close(descriptor)
        return child
    code = 1
    try:
        control.close()
        _serve(Connection(descriptor), preprocess)
        code = 0
    finally:
        os._exit(code)


def _serve(pipe: Connection, preprocess: "Callable[[Image], Tensor]") -> None:
    """Take images, give back arrays or reasons, until the parent is gone or has closed."""
    try:
        while True:
            contents = [pipe.recv_bytes() for _ in range(pipe.recv())]
            made = [_decoded(content, preprocess) for content in contents]
            pipe.send([None if isinstance(x, np.ndarray) else x for x in made])
            for array in (x for x in made if isinstance(x, np.ndarray)):
                pipe.send((array.dtype.str, array.shape))
                pipe.send_bytes(array.data.cast("B"))  # the pipe counts rows of bytes, not bytes, otherwise
    except (EOFError, ConnectionError):
        return


def _decoded(content: bytes, preprocess: "Callable[[Image], Tensor]") -> npt.NDArray[np.generic] | str:
    from sde_core.errors import DataError
    from sde_core.pairs.image import decode_image

    try:
        return np.ascontiguousarray(preprocess(decode_image(content)).numpy())
    except DataError as error:
        return str(error)
    except Exception as error:  # one image, of any kind of damage, must not end the others
        return f"the picture cannot be preprocessed: {type(error).__name__}: {error}"


if __name__ == "__main__":
    main(int(sys.argv[1]))
