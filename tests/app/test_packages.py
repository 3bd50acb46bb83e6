"""Two threads never import one package by two of its doors: what imports its own modules is there before any job."""

import ast
import sys
from pathlib import Path

import sde_core
import sde_explorer
from sde_explorer.jobs import Job, JobQueue
from sde_explorer.packages import PACKAGES

ROOT = Path(sde_core.__file__).parent
NO_PAGES = {"sde_core.cli", "sde_core.mmeb"}


def _imports_its_own(path: Path, name: str) -> bool:
    nodes = ast.parse(path.read_text()).body
    return any(isinstance(n, ast.ImportFrom) and (n.module or "").startswith(f"{name}.") for n in nodes)


def test_every_package_that_imports_its_own_modules_is_listed():
    found = set()
    for path in ROOT.rglob("__init__.py"):
        name = ".".join(("sde_core", *path.parent.relative_to(ROOT).parts))
        if name != "sde_core" and _imports_its_own(path, name):
            found.add(name)
    assert found - NO_PAGES == set(PACKAGES)


def test_no_page_imports_the_others():
    for path in Path(sde_explorer.__file__).parent.rglob("*.py"):
        nodes = [
            n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom) and n.module
        ]
        assert not [n.module for n in nodes if n.module.startswith(tuple(NO_PAGES))], path


def test_they_are_there_when_a_job_begins():
    jobs = JobQueue()
    job = jobs.submit(
        Job(key="k", kind="test", title="t", work=lambda _: [n for n in PACKAGES if n not in sys.modules])
    )
    job.wait(120)
    assert job.result == []
