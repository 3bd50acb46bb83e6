"""Sets written by the tools themselves; a test is skipped where its package is missing, which fails the CI leg."""

import http.server
import importlib
import os
import threading
from functools import partial

import numpy as np
import pytest

import sde_core as sde
from tests.fixtures import picture_bytes

os.environ.setdefault("WANDB_MODE", "disabled")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

N_PICTURES = 6
MUST_RUN = "SDE_REQUIRE_WRITERS"


def needed(name):
    """Return a module, or skip; where all must run, its absence is an error."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get(MUST_RUN):
            raise
        pytest.skip(f"{name} is not installed")


def pytest_sessionfinish(session, exitstatus):
    """Fail a run in which everything had to run and something was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(MUST_RUN) and reporter is not None and reporter.stats.get("skipped") and not exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def pictures():
    """Return JPEG files of distinct colours, 32 pixels a side."""
    rng = np.random.default_rng(0)
    colours = [
        f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rng.integers(0, 255, (N_PICTURES, 3))
    ]
    return [picture_bytes(colour, (32, 32), "JPEG") for colour in colours]


@pytest.fixture(scope="session")
def bundled_encoder():
    """Return the encoder that comes along, on the CPU."""
    return sde.load_encoder("bundled", device="cpu")


@pytest.fixture
def served(tmp_path, pictures):
    """Serve the pictures and one file that is none on this machine; return a table of addresses and captions."""
    pandas = needed("pandas")
    folder = tmp_path / "served"
    folder.mkdir()
    for i, content in enumerate(pictures):
        (folder / f"{i}.jpg").write_bytes(content)
    (folder / "page.jpg").write_bytes(b"<html>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        names = [*map(str, range(N_PICTURES)), "gone", "page"]
        rows = [
            {
                "url": f"http://127.0.0.1:{server.server_port}/{name}.jpg",
                "caption": f"caption {name}",
                "score": i / 2,
            }
            for i, name in enumerate(names)
        ]
        path = tmp_path / "urls.parquet"
        pandas.DataFrame(rows).to_parquet(path)
        yield path
        server.shutdown()
