"""Parse, dispatch, and turn errors into one sentence and an exit code."""

import argparse
import sys
from collections.abc import Sequence

from sde_core import __version__
from sde_core.cli import app, encode, evaluate, finetune, report, spectrum, transform
from sde_core.errors import SDEError

_COMMANDS = (encode, spectrum, evaluate, transform, finetune, report, app)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="sde", description="Look inside the embedding spaces of image-text models."
    )
    parser.add_argument("--version", action="version", version=f"sde {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 2 bad input, 130 interrupted.

    Args:
        arguments: words after `sde`; None takes those of the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = build_parser().parse_args([_with_hyphens(word) for word in given])
    try:
        options.run(options)
    except SDEError as error:
        print(f"sde {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        print(f"sde {options.command}: interrupted, {stopped or 'nothing was written'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `sde ... | head` closed the pipe: not an error
        sys.stdout = None
    return 0


def _with_hyphens(word: str) -> str:
    """Return an option spelt with underscores, as clip-retrieval and CLIP_benchmark write them, with hyphens."""
    if not word.startswith("--"):
        return word
    name, sign, value = word.partition("=")
    return name.replace("_", "-") + sign + value
