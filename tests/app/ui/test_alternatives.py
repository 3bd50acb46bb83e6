"""Every figure and picture of the page has words for who does not see it."""

import ast
import re
from pathlib import Path

import sde_explorer

FILES = sorted(Path(sde_explorer.__file__).parent.rglob("*.py"))


def test_every_figure_has_an_alternative():
    calls = [
        (path.name, node.lineno, {keyword.arg for keyword in node.keywords})
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("plotly_chart", "image")
    ]
    assert len(calls) >= 20
    assert [
        (name, line) for name, line, given in calls if "alt" not in given and "caption" not in given
    ] == []


def test_every_picture_and_frame_in_our_markup_has_one():
    tags = [
        (path.name, tag)
        for path in FILES
        for tag in re.findall(r"<(?:img|iframe)\b[^>]*>", path.read_text("utf-8"))
    ]
    assert len(tags) >= 3
    assert [(name, tag) for name, tag in tags if "alt=" not in tag and "title=" not in tag] == []
