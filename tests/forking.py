"""Scripts that run in forks of one program, which has imported what they import: torch takes seconds to load.

`python tests/forking.py IMPORT...`, each a module or the path of a script: for every line of its input, a script, words
and environments as JSON, a fork for each environment runs `python SCRIPT WORDS` up to its end as a program. A line of
JSON answers: exit status of the first that failed, output and errors of all.
"""

import atexit
import functools
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 600
ONE = ({},)
"""The environment of a script that runs once, with nothing added."""


def environment(**more: str) -> dict[str, str]:
    """Return that of a program that computes on the CPU with one thread and finds the library and its tests."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    one = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return os.environ | one | {"DS_ACCELERATOR": "cpu", "PYTHONPATH": path} | more


def ranks(processes: int) -> Sequence[Mapping[str, str]]:
    """Return what torchrun says to each of several processes in its environment; nothing to one that is alone."""
    if processes == 1:
        return ONE
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    same = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    same |= dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), str(processes))
    return [same | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]


class Forking:
    """A program that runs scripts in forks of itself.

    Args:
        imports: modules, or paths of scripts whose imports are theirs.
        cwd: where the scripts run; None where this process is.
    """

    def __init__(self, *imports: str | Path, cwd: Path | None = None) -> None:
        words = [sys.executable, __file__, *map(str, imports)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process: subprocess.Popen[str] = subprocess.Popen(
            words, env=environment(), cwd=cwd, text=True, start_new_session=True, **pipes
        )

    def run(
        self,
        script: str | Path,
        words: Sequence[str | Path] = (),
        environments: Sequence[Mapping[str, str]] = ONE,
    ) -> dict[str, Any]:
        """Return exit status (``code``), output (``out``) and errors (``err``) of a script."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        # All of its forks: one that waits for another would hold the pipe open, and this would wait with it.
        limit = threading.Timer(LIMIT_S, os.killpg, [self.process.pid, signal.SIGKILL])
        limit.start()
        self.process.stdin.write(json.dumps([str(script), list(map(str, words)), list(environments)]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        limit.cancel()
        assert answer, f"it ended with {self.process.wait()}"
        said: dict[str, Any] = json.loads(answer)
        return said

    def close(self) -> None:
        """End the program."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()


@functools.cache
def library() -> Forking:
    """Return the program that has imported the library; one for all tests of this process."""
    made = Forking(
        "open_clip.loss", "torch.distributed.fsdp", "torch.nn.parallel", "torch._dynamo",
        "torch._functorch.aot_autograd", "sde_core.cli.main", "sde_core.losses", "sde_core.training",
    )  # fmt: skip
    atexit.register(made.close)
    return made


def _import(name: str) -> None:
    if not name.endswith(".py"):
        importlib.import_module(name)
        return
    sys.path.insert(0, str(Path(name).parent))  # where a script finds its neighbours
    runpy.run_path(name, run_name="imported")
    import sde_core.losses  # loaded by name when it is first used, as all of the library
    import sde_core.training  # noqa: F401


def main() -> None:
    """Answer line after line; in a fork, return where the script has ended."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what imports print is no answer
    for name in sys.argv[1:]:
        _import(name)
    for line in sys.stdin:
        script, words, environments = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            children = []
            for more in environments:
                child = os.fork()
                if child == 0:
                    os.dup2(out.fileno(), 1)
                    os.dup2(err.fileno(), 2)
                    os.environ.update(more)
                    sys.argv = [script, *words]
                    runpy.run_path(script, run_name="__main__")
                    return
                children.append(child)
            codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
            out.seek(0)
            err.seek(0)
            code = next(filter(None, codes), 0)
            said = {"code": code, "out": out.read().decode(), "err": err.read().decode()}
            print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main()
