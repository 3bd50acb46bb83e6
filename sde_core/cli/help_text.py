"""Parsers whose help is coloured where it is read on a terminal, and ends with examples."""

import argparse
import os
import re
import sys
from typing import IO

_BOLD, _CYAN, _GREEN, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[32m", "\x1b[0m"
_PARTS = re.compile(
    r"(?P<heading>^[A-Za-z][^\n]{0,70}:$|^usage:)"
    r"|(?P<example>^  (?:sde|eval|torchrun) [^\n]*)"
    r"|(?P<option>(?<![\w-])--?[a-z][\w-]*)"
    r"|(?P<command>^    [a-z]+(?= |$))",
    re.MULTILINE,
)
_COLOURS = {"heading": _BOLD, "example": _GREEN, "option": _CYAN, "command": _CYAN}


class CommandParser(argparse.ArgumentParser):
    """A parser whose help is coloured on a terminal; argparse does so itself from Python 3.14 on."""

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
