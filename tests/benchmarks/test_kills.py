"""The short, seeded form of two campaigns; `python -m benchmarks.kills` and `python -m benchmarks.faults` are whole."""

import importlib
import subprocess
import sys

from benchmarks import faults, kills


def test_a_few_kills_lose_nothing():
    # In a process of its own: its children are forked before anything has computed.
    words = ["--count", "5", "--seed", "1", "--only", "encode", "train", "save", "upload"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", *words], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " kills, seed 1" in done.stdout
    assert "; 0 lost." in done.stdout


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


def test_a_full_disk_a_closed_folder_and_two_writers_lose_nothing():
    code = (
        "from benchmarks import faults; rows = faults.campaign(('transform',)); print(faults.table(rows)); "
    )
    code += "print([s for row in rows.values() for s in row.lost])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.stdout.rstrip().endswith("\n[]"), done.stdout + done.stderr
    assert done.stdout.count("\n| ") == 5  # faults


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
