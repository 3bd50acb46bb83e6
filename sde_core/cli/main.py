"""Parse, dispatch, and turn errors into one sentence and an exit code."""

import argparse
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr

from sde_core import __version__
from sde_core.cli import (
    app,
    atlas,
    check,
    completion,
    compress,
    doctor,
    encode,
    evaluate,
    find,
    finetune,
    gap,
    knows,
    layers,
    mcp_server,
    mismatched,
    open_path,
    parity,
    report,
    schema,
    series,
    similarity,
    spectrum,
    transform,
    watch,
)
from sde_core.cli.help_text import CommandParser, examples
from sde_core.errors import SDEError

_COMMANDS = (
    encode,
    check,
    mismatched,
    parity,
    similarity,
    spectrum,
    compress,
    gap,
    knows,
    layers,
    find,
    evaluate,
    transform,
    finetune,
    watch,
    series,
    report,
    atlas,
    open_path,
    app,
    mcp_server,
    doctor,
    schema,
    completion,
)

# What open_clip, clip-retrieval and CLIP_benchmark call the same thing.
_ALSO = {
    "--num-workers": "--workers",
    "--num-prepro-workers": "--workers",
    "--clip-model": "--model",
    "--output-folder": "--output",
    "--output-dir": "--output",
    "--zeroshot-templates": "--templates",
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = CommandParser(
        prog="sde",
        description="Look inside the embedding spaces of image-text models.",
        epilog=examples("sde app", "sde evaluate", "sde spectrum emoji/test"),
    )
    parser.add_argument("--version", action="version", version=f"sde {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="command")
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 odd, 2 bad input, 130 interrupted.

    1 is `sde check` that found something, `sde parity` a difference, `sde watch` an alarm, or `sde atlas` an encoder
    that cannot be read; 3 is `sde parity` with too few rows to say.

    Args:
        arguments: words after `sde`; None takes those of the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks for what may come next, see `sde completion`
        import argcomplete

        argcomplete.autocomplete(parser)
    if not given:
        parser.print_help()
        return 2
    options = parser.parse_args([_our_spelling(word) for word in given])
    _let_threads_sleep()
    code: int | None = 0
    try:
        with _quiet(options.quiet):
            code = options.run(options)
        sys.stdout.flush()
    except SDEError as error:
        print(f"sde {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        print(f"sde {options.command}: interrupted, {str(stopped) or 'nothing was written'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `sde ... | head` closed the pipe: not an error
        sys.stdout = None
    except OSError as error:
        if (
            error.filename is None
        ):  # of the output itself; what is left in its buffer cannot be written either
            sys.stdout = None
        print(f"sde {options.command}: {_os_sentence(error)}", file=sys.stderr)
        return 2
    return code or 0


def _let_threads_sleep() -> None:
    """Have threads that wait for each other sleep, not spin, which beside other work takes several times as long.

    The libraries read this when they are loaded; in a process that has them nothing is set. What is set already stays.
    """
    if "numpy" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _os_sentence(error: OSError) -> str:
    """Return what the system refused, and the remedy."""
    place = error.filename or "the output"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{place} could not be written, the disk is full: make room, or choose another place"
    return f"{place} could not be read or written: {error.strerror or error}"


@contextmanager
def _quiet(is_quiet: bool) -> Iterator[None]:
    """Leave out what goes to stderr: progress, skipped items, remarks; the sentence of an error comes later."""
    if not is_quiet:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def _our_spelling(word: str) -> str:
    """Return an option as we write it: hyphens for underscores, our name for another tool's."""
    if not word.startswith("--"):
        return word
    name, sign, value = word.partition("=")
    name = name.replace("_", "-")
    return _ALSO.get(name, name) + sign + value
