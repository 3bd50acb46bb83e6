"""Runs the scripts of docs/examples as their users do; each file is skipped where its program is missing."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def run_example(tmp_path):
    """Return a function that runs a script, on one process or several by torchrun, and returns its report."""

    def run(name, *words, processes=1, complains=False):
        start = [sys.executable]
        if processes > 1:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            start += ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", f"--master-port={port}"]
        environment = os.environ | {
            "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
            "PYTHONPATH": os.pathsep.join([str(EXAMPLES.parents[1]), os.environ.get("PYTHONPATH", "")]),
        }  # fmt: skip
        done = subprocess.run(
            [*start, EXAMPLES / name, *map(str, words)],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        assert ("curriculum" in done.stderr) is complains, done.stderr[-3000:]
        return json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"')))

    return run
