"""The program that runs scripts in forks ends with all of them where one waits for ever."""

import pytest

from tests import forking


def test_a_script_whose_fork_waits_for_ever_is_ended_at_the_limit(monkeypatch, tmp_path):
    script = tmp_path / "waits.py"
    script.write_text("import os, signal\nos.fork()\nsignal.pause()\n")
    program = forking.Forking("json")
    assert program.run(_says(tmp_path, "ready"))["out"] == "ready\n"
    monkeypatch.setattr(forking, "LIMIT_S", 1)
    with pytest.raises(AssertionError, match="it ended with -9"):
        program.run(script)


def _says(folder, word):
    script = folder / f"{word}.py"
    script.write_text(f"print({word!r})\n")
    return script
