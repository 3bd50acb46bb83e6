"""The notebooks of docs/examples run from the first cell to the last, and hold no stored output that could be stale."""

import ast
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def _cells(path: Path) -> list[dict]:
    content = json.loads(path.read_text("utf-8"))
    assert content["nbformat"] == 4
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


def _run(source: str, names: dict) -> object:
    """Run a cell and return the value of its last line, as a notebook shows it."""
    tree = ast.parse(source)
    *body, last = tree.body
    if not isinstance(last, ast.Expr):
        exec(compile(tree, "cell", "exec"), names)
        return None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_something(path):
    names: dict = {}
    shown = []
    for cell in _cells(path):
        assert not cell["outputs"]
        shown.append(_run("".join(cell["source"]), names))
    assert all(repr(value) for value in shown if value is not None)
    assert shown[-1] is not None


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["what_bands_know"]
