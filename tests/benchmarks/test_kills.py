"""The short, seeded form of two campaigns; `python -m benchmarks.kills` and `python -m benchmarks.faults` are whole."""

import importlib
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from benchmarks import faults, kills

SHARD = Path(__file__).resolve().parents[2] / "data/pairs/clipart/val-000000.tar.gz"


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The first 48 pairs of a bundled set: three batches, so that a kill meets vectors that are kept already."""
    path = tmp_path_factory.mktemp("few") / "few.tar"
    stems = set()
    with tarfile.open(SHARD) as whole, tarfile.open(path, "w") as out:
        for member in whole:
            stems.add(member.name.partition(".")[0])
            if len(stems) > 48:
                break
            out.addfile(member, whole.extractfile(member))
    return str(path)


# A process of its own, whose children are forked before anything has computed; one, because its imports take long.
_CAMPAIGNS = """
import contextlib
from benchmarks import faults, kills
with contextlib.suppress(SystemExit):  # with 1 where something was lost, which it prints
    kills.main()
rows = faults.campaign(("transform",))
print(faults.table(rows))
print([s for row in rows.values() for s in row.lost])
"""


@pytest.fixture(scope="module")
def printed(few):
    """What the two campaigns print: a table and a sentence of kills, a table and a list of what faults lost."""
    words = ["--count", "5", "--seed", "1", "--only", "encode", "train", "save", "upload", "--pairs", few]
    done = subprocess.run(
        [sys.executable, "-c", _CAMPAIGNS, *words], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kills_said, _, faults_said = done.stdout.partition("| fault |")
    return kills_said, faults_said


def test_a_few_kills_lose_nothing(printed):
    said, _ = printed
    assert " kills, seed 1" in said
    assert "; 0 lost." in said


def test_a_full_disk_a_closed_folder_and_two_writers_lose_nothing(printed):
    _, said = printed
    assert said.rstrip().endswith("\n[]"), said
    assert said.count("\n| ") == 5  # faults


def test_what_is_cut_off_differs_or_stays_is_told(tmp_path):
    def half(place):
        (place / "a.txt").write_text("half")

    def look(place):
        if (place / "a.txt").exists():
            raise RuntimeError("cut off")
        return 0, 0

    kind = kills.Kind("half a file", half, look, lambda place: "result")
    row = kills.Row()
    assert kills.processor_seconds(kind, tmp_path / "a") > 0
    try:
        kills.in_child(kind.look, tmp_path / "a")
    except RuntimeError as error:
        row.lost.append(str(error))
    assert row.lost == ["RuntimeError: cut off"]


def test_no_module_is_kept_cut_off_that_is_imported_while_the_disk_is_full(tmp_path, monkeypatch):
    (tmp_path / "long_module.py").write_text(f"WORDS = {tuple(map(str, range(5_000)))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def work(place):
        faults._no_room()
        return len(importlib.import_module("long_module").WORDS)

    assert kills.in_child(work, tmp_path / "full") == 5_000
    assert kills.in_child(lambda place: len(importlib.import_module("long_module").WORDS), tmp_path) == 5_000


def test_a_command_that_ends_in_a_traceback_or_says_nothing_is_told():
    assert faults._badly_said({"ended": "well", "said": ""}) == "the command did not notice"
    assert "traceback" in faults._badly_said({"ended": "Traceback: KeyError", "said": "x"})
    assert faults._badly_said({"ended": "2", "said": " "}) == "not a word"
    assert faults._badly_said({"ended": "2", "said": "Error: the disk is full"}) == ""


def _busy(place):
    (place / "begun.txt").write_text("")
    while True:
        pass


def _quick(place):
    (place / "done.txt").write_text("")


def test_a_kill_hits_at_a_moment_of_the_work_and_says_where_it_came_too_late(tmp_path):
    assert kills.killed(_busy, tmp_path / "a", 0.05)
    assert (tmp_path / "a" / "begun.txt").exists()
    assert not kills.killed(_quick, tmp_path / "b", 60.0)
    assert (tmp_path / "b" / "done.txt").exists()
