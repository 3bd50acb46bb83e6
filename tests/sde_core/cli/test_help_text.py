"""The help of every command ends with lines that run as they stand, and is coloured where colours are shown."""

import io
import re
import shlex
from contextlib import suppress

import pytest

from sde_core.cli.help_text import _HEADINGS, CommandParser, coloured, examples, shows_colours
from sde_core.cli.main import build_parser, main

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


def test_without_a_command_the_help_is_printed(capsys):
    assert main([]) == 2
    assert capsys.readouterr().out == build_parser().format_help()


def test_the_list_has_every_command_on_its_line_under_a_heading(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = build_parser().format_help()
    listed = re.findall(r"^    ([a-z]+) +[A-Z]", text, re.M)
    assert listed == [*_ACTION.choices]
    headings = re.findall(r"^  ([a-z ]+):\n    ([a-z]+)", text, re.M)
    assert {command: heading for heading, command in headings} == _HEADINGS
    assert headings[0][1] == listed[0]


@pytest.mark.parametrize("command", sorted(_ACTION.choices))
def test_every_option_says_what_it_does_within_the_width(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    parser = _ACTION.choices[command]
    with suppress(SystemExit):
        parser.parse_known_args(["--no-such-option"])  # declares what is declared when it is first used
    assert not [action.dest for action in parser._actions if not action.help]
    said = parser.format_help().partition("\n\n")[2].partition("\nexample")[0]  # argparse breaks no choices
    assert max(map(len, said.splitlines())) <= 80
