"""Memory of a session: every cache is bounded, and a session keeps choices, not results."""

import ast
import mmap
from pathlib import Path

import pytest

from sde_explorer.data.open_set import memory_sentence
from sde_explorer.readings.cached import machine as cached_machine

FILES = sorted((Path(__file__).resolve().parents[2] / "app").rglob("*.py"))


def _caches(path: Path) -> "list[tuple[str, ast.expr]]":
    functions = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    return [(f.name, d) for f in functions for d in f.decorator_list if "cache_" in ast.unparse(d)]


def test_every_cache_says_how_much_it_keeps():
    found = [(path.name, name, call) for path in FILES for name, call in _caches(path)]
    assert len(found) > 20
    for file, name, call in found:
        assert isinstance(call, ast.Call), (file, name)
        kept = {word.arg: word.value for word in call.keywords}.get("max_entries")
        assert isinstance(kept, ast.Constant), (file, name)
        assert 1 <= kept.value <= 4096, (file, name)


def test_memory_in_use_is_that_of_this_process():
    before = cached_machine.memory_in_use()
    if before is None:
        pytest.skip("no /proc on this system")
    # Fresh pages of the system's: an array may lie in memory that an earlier test gave back and this process kept.
    with mmap.mmap(-1, 64_000_000) as block:
        block.write(b"1" * 64_000_000)
        after = cached_machine.memory_in_use()
    assert after is not None
    assert 48e6 < after - before < 160e6
    assert "GB" not in memory_sentence(None)
