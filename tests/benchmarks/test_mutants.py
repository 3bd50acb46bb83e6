"""The measuring of mutants: a change reaches every function that lives, and each reviewed mutant still stands there."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from benchmarks.mutants.drawn import Mutant, Statements, drawn
from benchmarks.mutants.room import forked
from benchmarks.mutants.store import REVIEWED, Store
from benchmarks.mutants.swapped import functions_of, swap

ROOT = Path(__file__).resolve().parents[2]
PATH = "sde_core/room/m.py"
SOURCE = '''"""A module."""

LIMIT = 3


def whole(
    x,
    by=2,
):
    def part(y):
        return y + 1

    if x > LIMIT:
        return x
    return part(x) * (
        by
    )


class Box:
    """A box."""

    size: int

    def twice(self):
        return 2 * self.size


early = [lambda x: x + 5]
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    file = tmp_path / "boxes.py"
    file.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("boxes", file)
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "boxes", made)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        ("y + 1", "y - 1", (2, 4, 6)),
        ("x > LIMIT", "x < LIMIT", (2, 4, 6)),
        ("2 * self", "3 * self", (6, 6, 6)),
        ("x + 5", "x - 5", (6, 4, -4)),
    ],
)
def test_a_change_reaches_functions_that_were_made_before(module, old, new, after):
    whole, box, early = module.whole, module.Box(), module.early[0]
    box.size = 2
    functions = functions_of(str(Path(module.__file__).parent))
    assert (whole(2), box.twice(), early(1)) == (6, 4, 6)
    assert swap(module.__file__, SOURCE, SOURCE.replace(old, new), functions)
    assert (whole(2), box.twice(), early(1)) == after


def test_what_lies_outside_of_functions_is_not_swapped(module):
    functions = functions_of(str(Path(module.__file__).parent))
    assert not swap(module.__file__, SOURCE, SOURCE, functions)


def test_statements_know_their_lines_and_whether_a_function_holds_them():
    statements = Statements(SOURCE)
    line = SOURCE.splitlines().index
    inside = {text: statements.inside(line(text) + 1) for text in ("LIMIT = 3", "    by=2,", "        by")}
    assert inside == {"LIMIT = 3": False, "    by=2,": False, "        by": True}
    first = line("    return part(x) * (") + 1
    assert statements.around(first + 1) == (first, first + 2)
    assert statements.around(line("        return x") + 1)[0] == line("        return x") + 1
    assert statements.is_annotation(line("    size: int") + 1)


def test_a_fork_says_how_it_ended_and_ends_what_goes_on_for_ever():
    def for_ever():
        while True:
            pass

    assert forked(lambda: 0, cpu=60) == 0
    assert forked(lambda: 1, cpu=60) >> 8 == 1
    assert forked(lambda: int("no number"), cpu=60) >> 8 == 3
    assert forked(for_ever, cpu=0) != 0


def test_results_are_kept_until_the_module_changes(tmp_path):
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text("x = 1\n")
    mutant = Mutant(PATH, "core/NumberReplacer", 0, 1, "x = 1", "x = 2", (1, 1), False)
    other = Mutant(PATH, "core/NumberReplacer", 1, 1, "x = 1", "x = 0", (1, 1), False)
    store = Store(tmp_path / "kept", tmp_path)
    store.add(mutant, True, "tests")
    store.add(other, False, "tests")
    again = Store(tmp_path / "kept", tmp_path)
    again.asked["m"] = [mutant, other]
    assert again.found(mutant, "tests") is True
    assert again.found(mutant, "other tests") is True
    assert again.found(other, "tests") is False
    assert again.found(other, "other tests") is None  # they may find it now
    assert again.share() == 0.5
    assert "| room | 2 | 1 | 0 | 1 |" in again.table()
    again.reviewed[PATH, "x = 1", "x = 0"] = "nobody reads it"
    assert again.share() == 1
    assert again.found(other, "other tests") is False  # nobody expects them to
    (tmp_path / PATH).write_text("x = 3\n")
    assert again.found(mutant, "tests") is None


@pytest.mark.parametrize("entry", json.loads(REVIEWED.read_text("utf-8")), ids=lambda e: e["line"][:60])
def test_reviewed_lines_stand_in_their_modules(entry):
    lines = [line.strip() for line in (ROOT / entry["module"]).read_text("utf-8").splitlines()]
    assert entry["line"] in lines
    assert entry["changes"]
    assert entry["why"].endswith(".")


def test_types_in_heads_of_functions_are_left_alone(tmp_path):
    pytest.importorskip("cosmic_ray")
    file = tmp_path / "typed.py"
    file.write_text(
        "def either(x: int | None, y: float | str = 2) -> int | None:\n    return x if x else y\n"
    )
    found = drawn(file, tmp_path, 0, 100)
    assert found
    assert all("|" in one.after for one in found if one.line == 1)
    assert {one.after for one in found if one.line == 1} >= {
        "def either(x: int | None, y: float | str = 3) -> int | None:"
    }
