"""The help of every command ends with lines that run as they stand, and is coloured where colours are shown."""

import io
import re
import shlex

import pytest

from sde_core.cli.help_text import CommandParser, coloured, examples, shows_colours
from sde_core.cli.main import build_parser

(_ACTION,) = (action for action in build_parser()._actions if action.dest == "command")
_ESCAPE = re.compile(r"\x1b\[\d+m")


@pytest.mark.parametrize("command", sorted(_ACTION.choices))
def test_the_examples_of_a_command_are_lines_that_it_takes(command):
    title, *lines = _ACTION.choices[command].epilog.splitlines()
    assert title == ("example:" if len(lines) == 1 else "examples:")
    assert 1 <= len(lines) <= 4
    for line in lines:
        words = shlex.split(line.replace('eval "$(', "").replace(')"', ""), comments=True)
        words = words[: words.index(">")] if ">" in words else words
        start = words.index("sde_core" if "sde_core" in words else "sde") + 1
        assert build_parser().parse_args(words[start:]).command == command, line


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("given", "file", "expected"),
    [
        ({}, _Terminal(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, _Terminal(), False),
        ({"TERM": "dumb"}, _Terminal(), False),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, _Terminal(), False),
    ],
)
def test_colours_are_for_terminals_that_want_them(given, file, expected, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert shows_colours(file) == expected
    parser = CommandParser(prog="sde", epilog=examples("sde spectrum --json"))
    parser.print_help(file)
    assert ("\x1b[" in file.getvalue()) == expected


def test_colours_change_no_word():
    text = _ACTION.choices["spectrum"].format_help()
    shown = coloured(text)
    assert _ESCAPE.sub("", shown) == text
    for part in ("usage:", "options:", "--modality", "  sde spectrum emoji"):
        assert re.search(rf"\x1b\[\d+m{part}", shown), part
