"""CONTRIBUTING.md and docs/architecture.md name what is there, and its example runs."""

import re
from pathlib import Path

from tests.test_layers import FLOOR

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_example_runs_as_it_stands(capsys):
    import sde_core.partition.base as base

    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    try:
        exec(compile(code, "CONTRIBUTING.md", "exec"), {})
    finally:
        base._registered.pop("half-energy", None)
    assert (
        1 <= int(capsys.readouterr().out) <= 8
    )  # half of the energy of noise lies in fewer than half of the directions


def test_every_place_of_the_table_is_there():
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| a ")]
    assert len(rows) == 7
    for _, _, line in rows:
        for name, path in re.findall(r"`(_\w+|FLOORS)`[^`]*`([\w/]+\.py)`", line):
            assert re.search(rf"^{name}\b", (ROOT / path).read_text("utf-8"), re.M), (name, path)


def test_the_picture_of_the_rooms_is_of_those_that_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = set(re.findall(r"[a-z_]+", re.findall(r"```\n(.*?)```", text, re.DOTALL)[0]))
    assert set(FLOOR) - {"__init__", "__main__", "vocabulary"} <= drawn
