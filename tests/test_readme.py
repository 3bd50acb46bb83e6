"""What the README says is so; its code and commands run in tests/test_code_blocks.py."""

import re
import shlex
from pathlib import Path
from typing import get_args

from PIL import Image

from sde_core.cli.main import build_parser
from sde_explorer.retrieval.state import RecallPart
from sde_explorer.screenshots import VIEWS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
_PRINTED = re.compile(r"```console\n\$ (sde [^\n]*)\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def test_every_command_that_is_named_is_there():
    (action,) = (action for action in build_parser()._actions if action.dest == "command")
    assert set(re.findall(r"`sde (\w+)", README)) <= action.choices.keys()


def test_every_number_of_a_finding_is_printed_by_the_command_beside_it():
    """What these commands print stands in docs/cli.md, where tests/test_cli_docs.py compares it with the program."""
    printed = dict(_PRINTED.findall((ROOT / "docs/cli.md").read_text("utf-8")))
    found = re.findall(r"^- \*\*.*?(?=^- |^\n)", README, re.DOTALL | re.MULTILINE)
    assert len(found) == 3
    for finding in found:
        (command,) = re.findall(r"`(sde [^`]*)`", finding)
        numbers = set(_NUMBER.findall(printed[" ".join(shlex.split(command))]))
        told = _NUMBER.findall(finding.replace(f"`{command}`", ""))
        assert len(told) > 2
        assert set(told) <= numbers, (command, set(told) - numbers)


def test_every_place_in_the_dashboard_is_a_view_or_a_part_of_one():
    rows = re.findall(r"^\| [^|]+\? \| [^|]*`sde [^|]* \| ([^|]*) \|$", README, re.MULTILINE)
    assert len(rows) > 8
    named = [place for row in rows for place in re.split(r", | \(|\)", row) if place]
    assert {place.strip("*") for place in named} <= {*map(str.capitalize, VIEWS), *get_args(RecallPart)}


def test_every_link_and_picture_is_there():
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', README)
    for target in [*pictures, *re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)]:
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_its_picture_moves_and_pictures_are_small():
    (picture,) = re.findall(r'src="([^"]+)"', README)
    assert (ROOT / picture).stat().st_size <= 2_000_000
    with Image.open(ROOT / picture) as tour:
        assert tour.n_frames > 10
    for path in (ROOT / "docs/images").glob("*.png"):
        assert path.stat().st_size < 400_000, path


def test_it_has_half_of_the_words_that_it_had():
    assert len(README.split()) <= 1_725 / 2  # before it was written for a stranger
