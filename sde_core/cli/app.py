"""`sde app`: the dashboard in the browser."""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from sde_core.cli.options import new_command
from sde_core.errors import ConfigError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(commands, "app", "Open the dashboard.", "sde app --port 8502")
    parser.add_argument("--port", type=int, default=8501, help="default: %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Replace this process by Streamlit on the dashboard.

    Raises:
        ConfigError: streamlit or the app is not installed, or the port is out of range.
    """
    if not 1 <= options.port <= 65535:
        raise ConfigError(f"port must lie in 1 to 65535; got {options.port}")
    found = importlib.util.find_spec("sde_explorer")
    if importlib.util.find_spec("streamlit") is None or found is None or not found.submodule_search_locations:
        raise ConfigError("the dashboard needs its packages: pip install -r requirements.txt in a checkout")
    script = Path(next(iter(found.submodule_search_locations))) / "main.py"
    # Streamlit reads .streamlit/config.toml from the working folder.
    os.chdir(script.parents[2])
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(options.port)]
    os.execv(sys.executable, command)
