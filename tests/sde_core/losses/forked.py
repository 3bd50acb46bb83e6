"""Ranks of one machine as forks of one program, which imports what they need once."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


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
    more = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, script, folder], env=os.environ | more | {"PYTHONPATH": path},
        stderr=subprocess.PIPE, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
