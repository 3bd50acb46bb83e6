"""Runs the scripts of docs/examples as their users do; each file is skipped where its program is missing."""

import contextlib
import functools
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import ARE_REQUIRED
from tests.forking import Forking, environment, ranks

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


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _by_torchrun(script, words, cwd, processes):
    """Return exit status, output and errors of a script that torchrun starts in several processes."""
    start = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    done = subprocess.run(
        [*start, f"--master-port={_free_port()}", script, *words],
        env=environment(), cwd=cwd, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


@pytest.fixture(scope="module")
def run_example(tmp_path_factory):
    """Return a function that runs a script of docs/examples and returns its report; the same words run once."""
    folder = tmp_path_factory.mktemp("example")

    @functools.cache
    def forking(name):
        made = Forking(EXAMPLES / name, cwd=folder)
        opened.callback(made.close)
        return made

    @functools.cache
    def report(name, words, processes, by_torchrun, complains):
        if by_torchrun:
            said = _by_torchrun(EXAMPLES / name, words, folder, processes)
        else:
            said = forking(name).run(EXAMPLES / name, words, ranks(processes))
        assert said["code"] == 0, said["err"][-3000:]
        assert ("curriculum" in said["err"]) is complains, said["err"][-3000:]
        return json.loads(next(line for line in said["out"].splitlines() if line.startswith('{"')))

    def run(name, *words, processes=1, by_torchrun=False, complains=False):
        return report(name, tuple(map(str, words)), processes, by_torchrun, complains)

    with contextlib.ExitStack() as opened:
        yield run
