"""No test waits for a fixed time: what it waits for is a state, and a loaded machine is given time to reach it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLEEPS = {
    "waiting.py": 1,  # between two looks for a state
    "sde_core/encoding/test_resume.py": 1,  # a process is killed at a moment that nothing marks
    "sde_core/training/hardship.py": 1,  # a process is stopped in the middle of a step
}
"""How many calls that wait a file may hold, with the reason."""


def fixed_waits(source: str) -> list[int]:
    """Return the lines of calls that wait for a time: of a page, a thread or a task; 0 gives others their turn."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [
        (call.lineno, getattr(call.func, "attr", getattr(call.func, "id", "")))
        for call in calls
        if not any(getattr(argument, "value", None) == 0 for argument in call.args)
    ]
    return [line for line, name in names if name in ("sleep", "wait_for_timeout")]


SHORT = {
    "app/ui/test_running.py": 1,  # between two looks whether the work may end
    "browser/test_training.py": 1,  # the button may have gone, and is looked for again
    "app/serving/test_server.py": 2,  # a port of this machine is open, or refused at once
    "test_code_blocks.py": 1,  # asked again until the server answers
}
"""How many calls of a file may wait for less than a minute, with the reason."""
_LEAST = {"wait": 30, "timeout": 30, "default_timeout": 60, "seconds": 60}


def short_waits(source: str) -> list[int]:
    """Return the lines of calls that wait for a state, but not as long as a loaded machine may take to come to it."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        limits = [("wait", call.args[0])] if name in ("wait", "join") and len(call.args) == 1 else []
        limits += [
            (word.arg, word.value) for word in call.keywords if word.arg in ("timeout", "default_timeout")
        ]
        limits += [
            ("seconds", word.value) for word in call.keywords if (name, word.arg) == ("until", "seconds")
        ]
        for kind, limit in limits:
            value = getattr(limit, "value", None)
            if (
                isinstance(value, int | float)
                and 0 < (value / 1000 if value >= 1000 else value) < _LEAST[kind]
            ):
                found.append(call.lineno)
    return found


def test_a_short_wait_is_seen():
    short = "job.wait(10)\nAppTest(default_timeout=30)\nuntil(f, seconds=5)\nbox.click(timeout=5_000)\n"
    assert short_waits(short + "job.wait(0)\njob.wait(120)\n','.join(words)\nuntil(f)") == [1, 2, 3, 4]


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda p: str(p.relative_to(TESTS)))
def test_a_state_is_waited_for_as_long_as_a_loaded_machine_takes(file):
    allowed = SHORT.get(str(file.relative_to(TESTS)), 0)
    assert len(short_waits(file.read_text("utf-8"))) == allowed


def test_a_fixed_wait_is_seen():
    assert fixed_waits(
        "import time\ntime.sleep(1)\nsleep(2)\npage.wait_for_timeout(3)\npage.wait()\nsleep(0)"
    ) == [
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("file", sorted(TESTS.rglob("*.py")), ids=lambda p: str(p.relative_to(TESTS)))
def test_nothing_waits_for_a_fixed_time(file):
    allowed = SLEEPS.get(str(file.relative_to(TESTS)), 0)
    assert len(fixed_waits(file.read_text("utf-8"))) == allowed
