"""`sde schema`: the JSON Schema of what a command prints with --json."""

import argparse
import json
from importlib.resources import files
from typing import Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json
from sde_core.errors import ConfigError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "schema",
        "Print the JSON Schema of what a command prints with --json, or the names of these commands.",
        "sde schema spectrum",
        "sde schema > commands.txt",
        has_json=False,
    )
    parser.add_argument("of", nargs="?", metavar="COMMAND", help="default: list the commands")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print it."""
    if options.of is None:
        print("\n".join(schema_names()))
    else:
        print_json(schema_of(options.of))


def schema_names() -> list[str]:
    """Return the commands with --json, by name."""
    return sorted(
        place.name.removesuffix(".json") for place in files("sde_core.cli").joinpath("schemas").iterdir()
    )


def schema_of(command: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of what a command prints with --json; of `sde finetune`, of one line.

    Raises:
        ConfigError: there is no such command, or it prints no JSON.
    """
    known = schema_names()
    if command not in known:
        raise ConfigError(f"COMMAND must be one of {', '.join(known)}; got {command!r}")
    text = files("sde_core.cli").joinpath("schemas", f"{command}.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
