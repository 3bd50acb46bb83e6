"""The hosted demo starts with its own command, answers to its name and to no other."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.waiting import until

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "space"


def _status(url: str, host: str) -> int:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Host": host}), timeout=30
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
def test_the_demo_starts_as_the_space_starts_it(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "PORT": str(port), "SPACE_HOST": "me-sde.hf.space", "SDE_CACHE": str(tmp_path)}
    server = subprocess.Popen(
        ["bash", "start.sh"],
        cwd=FOLDER,
        env=os.environ | given,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        until(lambda: _status(f"{url}_stcore/health", "me-sde.hf.space") == 200 or server.poll() is not None)
        assert server.poll() is None
        assert _status(url, "me-sde.hf.space") == 200
        assert _status(url, "elsewhere.example") in (400, 403, 421)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    assert not list(tmp_path.rglob("*.safetensors"))


def test_the_container_starts_by_that_command():
    lines = (FOLDER / "Dockerfile").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith(("CMD", "ENTRYPOINT"))] == ['CMD ["bash", "start.sh"]']
    assert any(line.startswith("COPY") and "start.sh" in line for line in lines)
