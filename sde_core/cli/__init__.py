"""The command line `sde`: the same files and numbers as the dashboard, for people and for programs."""

from sde_core.cli.main import main

__all__ = ["main"]
