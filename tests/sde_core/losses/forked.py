"""Ranks of one machine as forks of one program, which imports what they need once."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.forking import library


def on_ranks(main: Callable[[int, Path], None], world: int, folder: Path) -> None:
    """Run ``main(rank, folder)`` in a fork for each rank; end this program with 1 if one failed.

    Nothing may have been computed before: threads do not survive a fork.
    """
    ranks = []
    for rank in range(world):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                main(rank, folder)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        ranks.append(child)
    ended = [os.waitpid(child, 0)[1] for child in ranks]
    raise SystemExit(any(ended))


def run_ranks(script: Path, folder: Path) -> None:
    """Run a script that ends in `on_ranks`, on the CPU and with one thread a rank."""
    said = library().run(script, [folder])
    assert said["code"] == 0, said["err"][-3000:]
