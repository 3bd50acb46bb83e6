"""Other people's programs: a test is skipped where one is missing, unless all of them have to be there."""

import importlib
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ARE_REQUIRED = os.environ.get("SDE_REQUIRE_CLIENTS") == "1"
"""Whether a missing program is a failure: in the leg of CI that installs them."""


def program(name: str) -> ModuleType:
    """Return a program's module; without it the file's tests are skipped, or fail where it has to be there."""
    return importlib.import_module(name) if ARE_REQUIRED else pytest.importorskip(name)


def writers_python() -> str:
    """Return the interpreter of the environment that has programs which cannot be installed beside ours."""
    place = os.environ.get("SDE_WRITERS_PYTHON", "")
    found = shutil.which(place) if place else None
    if found is None and ARE_REQUIRED:
        raise FileNotFoundError(f"SDE_WRITERS_PYTHON must name an interpreter with autofaiss; got {place!r}")
    if found is None:
        pytest.skip("needs SDE_WRITERS_PYTHON, an interpreter with autofaiss and clip-retrieval")
    return str(Path(found).absolute())
