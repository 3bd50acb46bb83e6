"""Runs the scripts of docs/examples as their users do; each file is skipped where its program is missing."""

import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import ARE_REQUIRED

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    report = yield
    # Nothing is left out in silence where every program has to be there.
    if ARE_REQUIRED and report.skipped and "tests/clients/" in item.nodeid:
        report.outcome = "failed"
    return report


def run_script(script, *words, cwd, processes=1, by_torchrun=False, **more):
    """Return what a script printed, run on one process or on several by torchrun."""
    start = [sys.executable]
    if processes > 1 or by_torchrun:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        start += ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", f"--master-port={port}"]
    environment = os.environ | {
        "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
        "DS_ACCELERATOR": "cpu",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    } | more  # fmt: skip
    done = subprocess.run(
        [*start, script, *map(str, words)],
        env=environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@functools.cache
def _report(name, words, cwd, processes, by_torchrun, complains):
    done = run_script(EXAMPLES / name, *words, cwd=cwd, processes=processes, by_torchrun=by_torchrun)
    assert ("curriculum" in done.stderr) is complains, done.stderr[-3000:]
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"')))


@pytest.fixture(scope="module")
def run_example(tmp_path_factory):
    """Return a function that runs a script of docs/examples and returns its report; the same words run once."""
    folder = tmp_path_factory.mktemp("example")

    def run(name, *words, processes=1, by_torchrun=False, complains=False):
        return _report(name, words, folder, processes, by_torchrun, complains)

    return run
