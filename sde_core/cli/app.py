"""`sde app`: the dashboard in the browser."""

import argparse
import importlib.util
import ipaddress
import json
import os
import sys
from pathlib import Path

from sde_core.cli.options import new_command
from sde_core.errors import ConfigError

RULES = "SDE_SERVER"
"""Environment variable that hands the rules to the server."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "app",
        "Open the dashboard.",
        "sde app --port 8502",
        "sde app --address 0.0.0.0 --root /data/sets --read-only",
        has_json=False,
    )
    parser.add_argument("--port", type=int, default=8501, help="default: %(default)s")
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        metavar="IP",
        help="that is listened on; default: %(default)s, which only this machine reaches; 0.0.0.0 is every one",
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser window")
    group = parser.add_argument_group("who may see what (docs/deploy.md)")
    group.add_argument(
        "--root",
        action="append",
        metavar="DIR",
        help="folder that paths may lead into, may be repeated; default: any on 127.0.0.1, none elsewhere",
    )
    group.add_argument("--read-only", action="store_true", help="encode, upload, train and keep nothing")
    group.add_argument("--demo", action="store_true", help="bundled sets only: read-only, no paths, no hub")
    users = group.add_mutually_exclusive_group()
    users.add_argument(
        "--one-user",
        action="store_true",
        default=None,
        help="who comes shares sets and jobs; default on 127.0.0.1",
    )
    users.add_argument(
        "--many-users",
        action="store_false",
        dest="one_user",
        help="each visitor has their own; default elsewhere",
    )
    group.add_argument(
        "--host",
        action="append",
        metavar="NAME",
        help="name by which the server is called, may be repeated; * is any",
    )
    group.add_argument(
        "--max-upload", type=int, metavar="MIB", help="of one session at one time; default: 400"
    )
    group.add_argument(
        "--max-sessions", type=int, metavar="N", help="browser tabs at one time; 0 is any number"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Replace this process by Streamlit on the dashboard.

    Raises:
        ConfigError: streamlit or the app is not installed, or an option is out of range.
    """
    command, rules = command_of(options), rules_of(options)
    os.environ[RULES] = json.dumps(rules)
    sys.stdout.flush()
    os.execv(sys.executable, command)


def command_of(options: argparse.Namespace) -> list[str]:
    """Return the command that starts the server; its settings lie beside the script, whatever the working folder.

    Raises:
        ConfigError: streamlit or the app is not installed, or port or address are out of range.
    """
    if not 1 <= options.port <= 65535:
        raise ConfigError(f"port must lie in 1 to 65535; got {options.port}")
    try:
        address = str(
            ipaddress.ip_address("127.0.0.1" if options.address == "localhost" else options.address)
        )
    except ValueError:
        raise ConfigError(
            f"address must be an IP address such as 127.0.0.1; got {options.address!r}"
        ) from None
    found = importlib.util.find_spec("sde_explorer")
    if importlib.util.find_spec("streamlit") is None or found is None or not found.submodule_search_locations:
        raise ConfigError('the dashboard needs its packages: pip install "sde-explorer"')
    script = Path(next(iter(found.submodule_search_locations))) / "main.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.address", address, "--server.port", str(options.port)]
    if options.no_browser:
        command += ["--server.headless", "true"]
    if options.max_upload is not None:
        command += ["--server.maxUploadSize", str(options.max_upload)]
    return command


def rules_of(options: argparse.Namespace) -> dict[str, object]:
    """Return the server's rules that the options set; what they leave open follows from the address.

    Raises:
        ConfigError: a root that is no folder, a number out of range, or options that exclude each other.
    """
    for name, least in (("max_upload", 1), ("max_sessions", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise ConfigError(f"{name.replace('_', '-')} must be at least {least}; got {value}")
    for root in options.root or ():
        if not Path(root).expanduser().is_dir():
            raise ConfigError(f"root must be a folder; there is none at {root}")
    roots = (
        None if options.root is None else [str(Path(root).expanduser().resolve()) for root in options.root]
    )
    rules: dict[str, object] = {
        "roots": [] if options.demo else roots,
        "read_only": options.read_only or options.demo,
        "hub": not options.demo,
        "one_user": False if options.demo and options.one_user is None else options.one_user,
        "hosts": options.host and [name.lower() for name in options.host],
        "upload_mib": options.max_upload,
        "max_sessions": options.max_sessions,
    }
    return {name: value for name, value in rules.items() if value is not None}
