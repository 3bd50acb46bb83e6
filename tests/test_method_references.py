"""Every equation that the code names has its home in docs/method.md, and every home is numbered once."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
METHOD = (ROOT / "docs/method.md").read_text()
HOMES = re.findall(r"\((\d\.\d+)\)\s*$", METHOD, re.MULTILINE)


def test_each_number_has_one_home():
    assert len(HOMES) > 50
    assert len(set(HOMES)) == len(HOMES)


def test_what_the_code_names_is_there():
    for path in (ROOT / "sde_core").rglob("*.py"):
        for line in path.read_text().splitlines():
            if "docs/method.md, equation" in line:
                for number in re.findall(r"\((\d\.\d+)\)", line):
                    assert number in HOMES, f"{path.name}: ({number})"
