"""Where what was computed once is kept on this machine."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of everything that is kept: SDE_CACHE, or `~/.cache/sde-explorer`."""
    return Path(os.environ.get("SDE_CACHE") or Path.home() / ".cache" / "sde-explorer")
