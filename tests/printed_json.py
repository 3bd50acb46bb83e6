"""Every JSON that a command prints in this process is held to the schema of that command."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

SEEN: set[str] = set()
"""Commands whose output was held to their schema so far."""


@cache
def validator(command: str) -> Draft202012Validator:
    from sde_core.cli.schema import schema_of

    return Draft202012Validator(schema_of(command))


def check(command: str, content: Any) -> None:
    """Raise AssertionError where ``content`` is not what the schema of ``command`` says."""
    error = best_match(validator(command).iter_errors(content))
    assert error is None, f"sde {command} --json, at {error.json_path}: {error.message[:500]}"
    SEEN.add(command)


@contextmanager
def held_to_schemas() -> Iterator[None]:
    """Look at what passes through `print_json`, and remember which command is running."""
    # By name: the package's `main` is the function, and parsers are built and JSON is made by what these two hold.
    main, output = (importlib.import_module(f"sde_core.cli.{name}") for name in ("main", "output"))
    build, plain, running = main.build_parser, output.finite, [""]

    def built() -> Any:
        parser = build()
        parse = parser.parse_args

        def parsed(*given: Any, **named: Any) -> Any:
            options = parse(*given, **named)
            running[0] = options.command
            return options

        parser.parse_args = parsed
        return parser

    def checked(content: Any) -> Any:
        found = plain(content)
        if running[0] != "schema":
            check(running[0], found)
        return found

    main.build_parser, output.finite = built, checked
    try:
        yield
    finally:
        main.build_parser, output.finite = build, plain
