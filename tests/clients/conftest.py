"""Runs the scripts of docs/examples as their users do; each file is skipped where its program is missing."""

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import ARE_REQUIRED

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
LIMIT_S = 300


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    report = yield
    # Nothing is left out in silence where every program has to be there.
    if ARE_REQUIRED and report.skipped and "tests/clients/" in item.nodeid:
        report.outcome = "failed"
    return report


def _environment(**more):
    return os.environ | {
        "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        "DS_ACCELERATOR": "cpu",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    } | more  # fmt: skip


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _ranks(processes):
    """Return what torchrun says to each process in its environment; nothing to one that is alone."""
    if processes == 1:
        return [{}]
    same = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1"}
    same |= {"MASTER_PORT": _free_port()}
    ranks = [same | {"RANK": rank, "LOCAL_RANK": rank} for rank in range(processes)]
    return [{name: str(value) for name, value in rank.items()} for rank in ranks]


def _by_torchrun(script, words, cwd, processes):
    """Return exit status, output and errors of a script that torchrun starts in several processes."""
    start = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    done = subprocess.run(
        [*start, f"--master-port={_free_port()}", script, *words],
        env=_environment(), cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


class _Forking:
    """A program that has imported what a script imports, and runs it in a fork as often as it is asked."""

    def __init__(self, script, cwd):
        words = [sys.executable, Path(__file__).with_name("forking.py"), script]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(words, env=_environment(), cwd=cwd, text=True, **pipes)

    def run(self, words, processes):
        limit = threading.Timer(LIMIT_S, self.process.kill)
        limit.start()
        self.process.stdin.write(json.dumps([words, _ranks(processes)]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        limit.cancel()
        assert answer, f"it ended with {self.process.wait()}"
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(scope="module")
def run_example(tmp_path_factory):
    """Return a function that runs a script of docs/examples and returns its report; the same words run once."""
    folder = tmp_path_factory.mktemp("example")

    @functools.cache
    def forking(name):
        made = _Forking(EXAMPLES / name, folder)
        opened.callback(made.close)
        return made

    @functools.cache
    def report(name, words, processes, by_torchrun, complains):
        if by_torchrun:
            said = _by_torchrun(EXAMPLES / name, words, folder, processes)
        else:
            said = forking(name).run(words, processes)
        assert said["code"] == 0, said["err"][-3000:]
        assert ("curriculum" in said["err"]) is complains, said["err"][-3000:]
        return json.loads(next(line for line in said["out"].splitlines() if line.startswith('{"')))

    def run(name, *words, processes=1, by_torchrun=False, complains=False):
        return report(name, tuple(map(str, words)), processes, by_torchrun, complains)

    with contextlib.ExitStack() as opened:
        yield run
