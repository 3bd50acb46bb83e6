"""Other people's programs: a test is skipped where one is missing, unless all of them have to be there.

What tests compare with a program is recorded, and stands as a table at the end of their run; `.ci/programs` prints it.
"""

import importlib
import os
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

ARE_REQUIRED = os.environ.get("SDE_REQUIRE_CLIENTS") == "1"
"""Whether a missing program is a failure: in the leg of CI that installs them."""


# What is compared, in the words of the table.
TWO_PROCESSES = "losses of two processes beside one, relative"
RESUMED_LOSSES = "losses of a resumed run beside a whole one, relative"
RESUMED_T = "t of a resumed run beside a whole one"
EVALUATED_T = "t of each step beside its share of the training, with evaluation"


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


def row(name: str, what: str, difference: float, *, of: str = "") -> tuple[str, tuple[str, str, str, float]]:
    """Return what a report keeps of a comparison.

    Args:
        name: of the program, as it is installed.
        what: was compared.
        difference: the largest.
        of: its version, where it is not installed here.
    """
    return "compared", (name, of or version(name), what, float(difference))


def table(reports: Iterable[object]) -> list[str]:
    """Return the comparisons of the reports as lines of a table, the largest of each kind."""
    found: dict[tuple[str, str, str], float] = {}
    for report in reports:
        for key, value in getattr(report, "user_properties", ()):
            if key == "compared":
                *what, difference = value
                found[tuple(what)] = max(difference, found.get(tuple(what), 0.0))
    lines = [f"| {' | '.join(what)} | {value:.1e} |" for what, value in sorted(found.items())]
    return (
        ["| program | version | what was compared | largest difference |", "|---|---|---|---:|", *lines]
        if lines
        else []
    )


def apart(found: Iterable[float], wanted: Iterable[float]) -> float:
    """Return the largest difference of two rows of numbers, relative to what was wanted where that is above 1."""
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(found, wanted, strict=True))
