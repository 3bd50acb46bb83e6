"""What people call a training: its losses, what was trained, on what, and when."""

from datetime import datetime
from pathlib import Path

import sde_core as sde
from sde_explorer.training.runs import read_request


def training_name(folder: Path) -> str:
    """Return a short name that tells a training from its neighbours; that of its folder if it cannot be read.

    Args:
        folder: of the training.
    """
    try:
        title = read_request(folder).title
    except sde.SDEError:
        return folder.name
    return f"{title}, {started(folder.name)}" if started(folder.name) else title


def started(name: str) -> str:
    """Return when a training began, from the name of its folder; empty where that does not say it.

    >>> started("20261129-080312-clipart-adapter"), started("mine")
    ('29 Nov 08:03:12', '')
    """
    try:
        return f"{datetime.strptime(name[:15], '%Y%m%d-%H%M%S'):%d %b %H:%M:%S}"
    except ValueError:
        return ""
