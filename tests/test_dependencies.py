"""What pyproject.toml names stands in docs/dependencies.md with bounds, licence and reason."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    spec = spec_from_file_location("dependencies_tool", ROOT / ".ci" / "dependencies.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "dependencies.md").read_text("utf-8")


def test_each_direct_dependency_has_its_bounds_its_licence_and_its_reason(tool, page):
    assert {"torch", "streamlit"} <= set(tool.direct()[""])
    assert tool.problems(page) == []


def test_what_is_missing_or_stale_is_told(tool, page):
    (row,) = (line for line in page.splitlines() if line.startswith("| `torch` |"))
    assert tool.problems(page.replace(row, "")) == ["torch has no row"]
    assert "torch has no reason" in tool.problems(page.replace(row, row.rsplit("|", 2)[0] + "| |"))
    assert "torch has no licence" in tool.problems(
        page.replace(row, "| `torch` | `>=2.6,<3` | unknown | A reason, at last. |")
    )
    gone = page.replace(row, f"{row}\n| `left-pad` | `>=1` | MIT | Pads to the left, once. |")
    assert tool.problems(gone) == ["left-pad is no direct dependency any more"]
    (bounds,) = tool.problems(page.replace("`>=2.6,<3`", "`>=2.5,<3`"))
    assert "torch is >=2.6,<3" in bounds


def test_writing_the_page_anew_keeps_its_words(tool, page):
    made = tool.written(page)
    assert tool.problems(made) == []
    assert {name: cells[-1] for name, cells in tool.rows_of(made).items() if len(cells) == 3} == {
        name: cells[-1] for name, cells in tool.rows_of(page).items() if len(cells) == 3
    }


def test_without_advisories_it_says_so_and_that_nothing_was_checked(tmp_path):
    nowhere = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [ROOT / ".ci" / "audit", "false"], env=nowhere, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "nothing was checked" in done.stdout
