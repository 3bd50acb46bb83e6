"""No test waits for a fixed time: what it waits for is a state."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLEEPS = {
    "waiting.py": 1,  # between two looks for a state
    "sde_core/encoding/test_resume.py": 1,  # a process is killed at a moment that nothing marks
    "sde_core/training/hardship.py": 1,  # a process is stopped in the middle of a step
    "app/serving/test_doors.py": 1,  # no time at all: the other task has its turn
}
"""How many calls that wait a file may hold, with the reason."""


def fixed_waits(source: str) -> list[int]:
    """Return the lines of calls that wait for a time: of a page, a thread or a task."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(call.lineno, getattr(call.func, "attr", getattr(call.func, "id", ""))) for call in calls]
    return [line for line, name in names if name in ("sleep", "wait_for_timeout")]


def test_a_fixed_wait_is_seen():
    assert fixed_waits("import time\ntime.sleep(1)\nsleep(2)\npage.wait_for_timeout(3)\npage.wait()") == [
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda p: str(p.relative_to(TESTS)))
def test_nothing_waits_for_a_fixed_time(file):
    allowed = SLEEPS.get(str(file.relative_to(TESTS)), 0)
    assert len(fixed_waits(file.read_text("utf-8"))) == allowed
