"""Profiles and skips for the whole suite."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jaxtyping
import pytest
from hypothesis import HealthCheck, settings

from tests.clients.programs import row, table
from tests.printed_json import held_to_schemas
from tests.shape_checks import shaped_only

ROOT = Path(__file__).resolve().parents[1]
_BROWSER = "tests/browser/"
# Files of minutes: none of them may be the last, while the other processes have nothing left to do.
_LONG = (
    "tests/test_code_blocks.py", "tests/test_cli_docs.py", "tests/benchmarks/", "tests/clients/",
    "tests/test_gallery.py", "tests/sde_core/training/", "tests/sde_core/losses/",
)  # fmt: skip

# Before anything imports the library: shapes in its signatures are checked at every call. The checker is named by
# its place in sys.modules, because pytest's importlib mode keeps no attributes on the folder `tests`.
# The readers of pairs and the commands have no shapes, and the wrapper around each of their calls would make their
# tests slow; before 0.3.2 it could not read argparse's own annotation either.
_SHAPED = [
    f"sde_core.{path.stem}" for path in (ROOT / "sde_core").iterdir() if path.stem not in {"pairs", "cli"}
]
jaxtyping.jaxtyped = shaped_only
jaxtyping.install_import_hook(_SHAPED, "sys.modules['tests.shape_checks'].checked")

pytest_plugins = ["tests.fixtures", "tests.encoder_folders"]

# The first torch call is slow, so no deadline; derandomised, so that a run can be repeated.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Give each of several processes that share the cores one thread, and have it keep what it compiles.

    It is said to the processes before they start: pytest's plugins load numpy before this file is read, and threads
    of BLAS that wait for a core cost ten times the work. Where a shell forbids bytecode, each of them, and each of
    the hundreds of commands and servers that they start, would compile every file again.
    """
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep files whole, and all browser tests in one process: they share one dashboard and one Chromium."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class OneBrowser(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _BROWSER if nodeid.startswith(_BROWSER) else nodeid.split("::", 1)[0]

    return OneBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The browser's process is the last to end, so it begins at once; then what is long, then the many that are short.
    items.sort(key=lambda item: (not item.nodeid.startswith(_BROWSER), not item.nodeid.startswith(_LONG)))
    marks = {"gpu": _missing_gpu, "browser": _missing_browser}
    for name, missing in marks.items():
        marked = [item for item in items if name in item.keywords and item.get_closest_marker(name)]
        reason = missing() if marked else ""
        if reason:
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))


def _missing_gpu() -> str:
    import torch

    return "" if torch.cuda.is_available() else "needs a CUDA device"


def _missing_browser() -> str:
    if os.environ.get("SDE_REQUIRE_BROWSER") == "1":
        return ""  # then a missing browser is a failure, not a skip
    found = os.environ.get("SDE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    return "" if found else "needs a Chromium"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was compared with which program."""
    for line in table(terminalreporter.stats.get("passed", ())):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def _what_commands_print_is_what_their_schema_says() -> Iterator[None]:
    """Hold every --json that any test asks a command for in this process to the command's schema."""
    with held_to_schemas():
        yield


@pytest.fixture
def compared(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that records a comparison with a program for the table at the end."""

    def record(name: str, what: str, difference: float, of: str = "") -> None:
        request.node.user_properties.append(row(name, what, difference, of=of))

    return record
