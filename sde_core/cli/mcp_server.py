"""`sde mcp`: the commands that only read, as tools of the Model Context Protocol, for agents."""

import argparse
import functools
import io
import json
import threading
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sde_core.cli.options import new_command
from sde_core.cli.schema import schema_of
from sde_core.errors import ConfigError, DataError, SDEError
from sde_core.files import bundled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mcp.server.mcpserver import MCPServer

COMMANDS = {
    name: name
    for name in ("check", "spectrum", "knows", "evaluate", "parity", "compress", "gap", "mismatched")
} | {"compare": "similarity", "find_pairs": "find"}
"""Tool -> the command whose JSON it answers with; its schema is `sde schema COMMAND`."""
SCHEMA = "sde/schema"
"""Key in a tool's metadata: the id of its answer's schema. Some answers are lists, which the protocol's own field for
the schema of an output cannot describe."""
_ONE_AT_A_TIME = threading.Lock()
_NAMES = "a bundled set (emoji, clipart/test), the path of a set or of vectors, or IMAGE,TEXT"
_INSTRUCTIONS = (
    "Looks inside the embedding spaces of image-text models. Sets are named as on the command line of sde: "
    f"{_NAMES}. Every answer is what a command prints with --json; the tool schema says what its fields mean."
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    summary = (
        "Serve the commands that only read to an agent, by the Model Context Protocol on stdin and stdout."
    )
    parser = new_command(commands, "mcp", summary, "sde mcp", "sde mcp --root /data/sets", has_json=False)
    parser.description = f'{summary} Needs pip install "sde-explorer[mcp]".'
    parser.add_argument(
        "--root",
        action="append",
        metavar="DIR",
        help="open only what lies below this folder, and bundled sets; may be repeated; default: any path of the user",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Serve until the agent closes the connection.

    Raises:
        ConfigError: the protocol's package is missing, or a root is no folder.
    """
    make_server(options.root).run("stdio")


def make_server(roots: "Sequence[str] | None" = None) -> "MCPServer[Any]":
    """Return the server with its tools.

    Args:
        roots: folders below which paths must lie; None allows any.

    Raises:
        ConfigError: the protocol's package is missing, or a root is no folder.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.types import ToolAnnotations
    except ImportError:
        raise ConfigError('sde mcp needs the package mcp: pip install "sde-explorer[mcp]"') from None
    for root in roots or ():
        if not Path(root).expanduser().is_dir():
            raise ConfigError(f"root must be a folder; there is none at {root}")
    from sde_core import __version__

    server: MCPServer[Any] = MCPServer("sde-explorer", instructions=_INSTRUCTIONS, version=__version__)
    reads = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    for tool in _tools(None if roots is None else [Path(root).expanduser().resolve() for root in roots]):
        name = COMMANDS.get(tool.__name__)
        meta = {SCHEMA: f"sde:{name}"} if name else None
        server.tool(annotations=reads, structured_output=False, meta=meta)(_refusing(tool))
    return server


def _refusing(tool: "Callable[..., str]") -> "Callable[..., str]":
    """Have an agent read the sentence of an error, and nothing else of it."""
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(tool)
    def told(*given: Any, **named: Any) -> str:  # noqa: ANN401  (as the tool has them)
        try:
            return tool(*given, **named)
        except SDEError as error:
            raise ToolError(str(error)) from None

    return told


def _tools(roots: "list[Path] | None") -> "list[Callable[..., str]]":
    """Return the tools; the docstring of each is what an agent reads of it."""

    def ask(*words: str, names: "Sequence[str]", more: "Sequence[str]" = ()) -> str:
        for name in names:
            _check_name(name, roots)
        return _printed([*words, *names, *more, "--json"])

    def check(path: str) -> str:
        """Say what a path holds, pairs or vectors, how many, and what is odd about it."""
        return ask("check", names=[path])

    def spectrum(
        embeddings: str, rule: str = "mp-iqr", noise_factor: float = 1.0, strong_factor: float = 1.0
    ) -> str:
        """Give singular values, thresholds, metrics and the bands strong, weak and noise of images and texts."""
        more = ["--rule", rule, "--noise-factor", str(noise_factor), "--strong-factor", str(strong_factor)]
        return ask("spectrum", names=[embeddings], more=more)

    def knows(
        embeddings: str, side: Literal["image", "text"] = "image", columns: list[str] | None = None
    ) -> str:
        """Say in which band each column of a set lives, and what each direction knows best: its name."""
        more = ["--side", side, *(word for column in columns or () for word in ("--column", column))]
        return ask("knows", "--embeddings", names=[embeddings], more=more)

    def evaluate(embeddings: str, captions: Literal["each", "primary", "all", "both"] = "primary") -> str:
        """Give retrieval recall at 1, 5 and 10 both ways, ranks, and what chance reaches."""
        return ask("evaluate", "--embeddings", names=[embeddings], more=["--captions", captions])

    def parity(a: str, b: str) -> str:
        """Say whether two sets of vectors of the same things are the same space, and if not, what was done to B."""
        return ask("parity", names=[a, b])

    def compare(a: str, b: str) -> str:
        """Say how alike two spaces of the same items are, by several similarities, each beside what chance gives."""
        return ask("similarity", names=[a, b])

    def compress(
        embeddings: str,
        fit_on: str,
        widths: list[int] | None = None,
        axes: list[str] | None = None,
        codes: list[str] | None = None,
    ) -> str:
        """Say how many dimensions and bits may be kept: recall by axes, width and code, with a recommendation."""
        _check_name(fit_on, roots)
        asked = {"--widths": widths, "--axes": axes, "--codes": codes}
        named = [
            word for option, some in asked.items() if some for word in (option, ",".join(map(str, some)))
        ]
        return ask("compress", names=[embeddings], more=["--fit-on", fit_on, *named])

    def gap(embeddings: str) -> str:
        """Say what the gap between images and texts is made of, by part, direction and band."""
        return ask("gap", names=[embeddings])

    def mismatched(embeddings: str, show: int = 10) -> str:
        """Say which captions do not fit their images, the worst first, and how many are wrong at most."""
        return ask("mismatched", names=[embeddings], more=["--show", str(show)])

    def find_pairs(embeddings: str, text: str, k: int = 10) -> str:
        """Find the images of a set that are nearest to a text, by the set's own encoder: ids, captions, cosines."""
        if text.startswith("-"):
            raise DataError(f"text must not begin with a hyphen; got {text!r}")
        return ask("find", names=[embeddings], more=[text, "-k", str(k)])

    def schema(tool: str) -> str:
        """Give the JSON Schema of another tool's answer: what each field means, and its unit."""
        if tool not in COMMANDS:
            raise DataError(f"tool must be one of {', '.join(COMMANDS)}; got {tool!r}")
        return json.dumps(schema_of(COMMANDS[tool]))

    return [check, spectrum, knows, evaluate, parity, compare, compress, gap, mismatched, find_pairs, schema]


def _printed(words: "list[str]") -> str:
    """Return what a command prints; one at a time, because it prints to the process's own streams."""
    main = import_module("sde_core.cli.main").main  # by name: it declares this command, too
    out, err = io.StringIO(), io.StringIO()
    with _ONE_AT_A_TIME, redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit:  # argparse, of a value that is none
            code = 2
    if code == 2:
        raise DataError(err.getvalue().strip().splitlines()[-1])
    return out.getvalue()


def _check_name(name: str, roots: "list[Path] | None") -> None:
    """Raise DataError for a name that is an option, or leads out of the roots."""
    if name.startswith("-") or not name.strip():
        raise DataError(f"a set must be named as {_NAMES}; got {name!r}")
    is_bundled = name.split("/")[0] in bundled.PAIR_SETS and ".." not in name.split("/")
    if roots is None or is_bundled:
        return
    for part in filter(None, name.split(",")):
        real = Path(part.strip()).expanduser().resolve()
        if "://" in part or not any(real.is_relative_to(root) for root in roots):
            raise DataError(
                f"{part} lies in none of the folders that are served: {', '.join(map(str, roots))}"
            )
