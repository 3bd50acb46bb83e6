"""Directions inside the dashboard; those between app and library are held by tests/test_layers.py."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "app"
# What knows no streamlit: numbers, figures, jobs, and the state as a value.
PLAIN = [
    *sorted((APP / "charts").glob("*.py")),
    *sorted((APP / "analysis").glob("*.py")),
    *sorted((APP / "intake").glob("*.py")),
    *sorted((APP / "jobs").glob("*.py")),
    *(APP / f"{n}.py" for n in ("links", "sets", "state")),
]
PARTS = {
    "views": 0,
    "components": 1,
    "cache": 2,
    "jobs": 3,
    "analysis": 3,
    "sets": 3,
    "state": 3,
    "links": 3,
    "trainings": 3,
    "intake": 3,
    "charts": 3,
}


def _imports(path: Path, *, top_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    found = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", PLAIN, ids=lambda p: p.name)
def test_numbers_figures_and_jobs_do_not_know_streamlit(path):
    assert not {name for name in _imports(path) if name.split(".")[0] == "streamlit"}


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda p: str(p.relative_to(APP)))
def test_imports_go_from_views_down_to_plain_values(path):
    part = path.relative_to(APP).parts[0].removesuffix(".py")
    if part not in PARTS:
        return
    for name in _imports(path):
        other = name.split(".")[1] if name.startswith("app.") else ""
        assert PARTS.get(other, 9) >= PARTS[part], f"{path.name} imports {name}"


@pytest.mark.parametrize("path", sorted(APP.rglob("*.py")), ids=lambda p: str(p.relative_to(APP)))
def test_caches_live_in_one_package_and_files_stay_short(path):
    text = path.read_text()
    assert path.parent.name == "cache" or "st.cache_" not in text
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", sorted((APP / "cache").glob("*.py")), ids=lambda p: p.name)
def test_cached_functions_take_no_arrays(path):
    tree = ast.parse(path.read_text())
    for function in (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.decorator_list):
        for argument in function.args.args:
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            plain = kind in {"str", "SetEntry", "tuple[str, ...]", "tuple[float, float]", "Matrix", "int"}
            assert plain or argument.arg.startswith("_"), f"{function.name}({argument.arg}: {kind})"


def test_pages_import_what_is_heavy_only_when_it_is_needed():
    code = (
        "import sys, app.views.overview, app.views.spectrum; "
        "print([n for n in ('open_clip', 'faiss', 'umap', 'sklearn', 'PIL.Image') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ast.literal_eval(found.stdout.strip())
    assert not {"open_clip", "faiss", "umap", "sklearn"} & set(heavy)
