"""Parsers whose help is coloured where it is read on a terminal, and ends with examples."""

import argparse
import os
import re
import sys
from typing import IO, Any

_BOLD, _CYAN, _GREEN, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[32m", "\x1b[0m"
_PARTS = re.compile(
    r"(?P<heading>^(?:  )?[A-Za-z][^\n]{0,70}:$|^usage:)"
    r"|(?P<example>^  (?:sde|eval|torchrun) [^\n]*)"
    r"|(?P<option>(?<![\w-])--?[a-z][\w-]*)"
    r"|(?P<command>^    [a-z]+(?= |$))",
    re.MULTILINE,
)
_COLOURS = {"heading": _BOLD, "example": _GREEN, "option": _CYAN, "command": _CYAN}


_HEADINGS = {
    "encode": "pairs and vectors",
    "parity": "two spaces or more",
    "spectrum": "one space",
    "evaluate": "what changing it does",
    "finetune": "trainings",
    "report": "to show and to look at",
    "mcp": "around it",
}
"""The command that a group of the list begins with -> what stands above the group."""


class HelpFormatter(argparse.HelpFormatter):
    """Wraps what is said of a command, keeps its examples as they stand, and lists commands in groups."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith("example") else super()._fill_text(text, width, indent)

    def add_argument(self, action: argparse.Action) -> None:
        """Add an option, or the list of commands, whose names stand two deeper than argparse counts."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            self._action_max_length += self._indent_increment

    def _format_action(self, action: argparse.Action) -> str:
        told = super()._format_action(action)
        if isinstance(action, argparse._SubParsersAction):
            return told.partition("\n")[2]  # without the word for all of them
        is_command = type(action).__name__ == "_ChoicesPseudoAction"
        return f"  {_HEADINGS[action.dest]}:\n{told}" if is_command and action.dest in _HEADINGS else told


class CommandParser(argparse.ArgumentParser):
    """A parser whose help is coloured on a terminal; argparse does so itself from Python 3.14 on."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401  (as argparse has them)
        super().__init__(*given, **{"formatter_class": HelpFormatter, **named})

    def print_help(self, file: "IO[str] | None" = None) -> None:  # type: ignore[override]
        """Print the help, coloured where ``file`` shows colours."""
        target = file or sys.stdout
        text = self.format_help()
        target.write(coloured(text) if shows_colours(target) else text)


def shows_colours(file: "IO[str]") -> bool:
    """Return whether colours are wanted: on a terminal, unless NO_COLOR is set; with FORCE_COLOR anywhere."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return file.isatty() and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """Return help with headings, options, commands and examples in colours; without them it is the same text."""
    return _PARTS.sub(lambda part: f"{_COLOURS[str(part.lastgroup)]}{part[0]}{_PLAIN}", text)


def examples(*lines: str) -> str:
    """Return the end of a help: command lines to try, each after two spaces."""
    return "\n".join(("example:" if len(lines) == 1 else "examples:", *(f"  {line}" for line in lines)))
