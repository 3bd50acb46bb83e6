"""Where the data that ships with the project lies: pairs, encoder and their embeddings."""

import os
from pathlib import Path

from sde_core.errors import DataError

PAIR_SETS = ("emoji", "clipart")
"""Names of the bundled sets of image-text pairs."""

ENCODER = "sde-mini"
"""Name of the bundled encoder."""


def data_folder() -> Path:
    """Return the project's `data/` folder; the environment variable SDE_DATA overrides the place.

    Raises:
        DataError: it is not there, because the package was installed without its checkout.
    """
    folder = Path(os.environ.get("SDE_DATA") or Path(__file__).resolve().parents[2] / "data")
    if not folder.is_dir():
        raise DataError(
            f"the bundled data must lie in {folder}; nothing is there: "
            "install from a checkout (pip install -e .) or set SDE_DATA to the checkout's data folder"
        )
    return folder


def pairs_folder(name: str) -> Path:
    """Return the folder of WebDataset shards of the bundled set ``name``."""
    return data_folder() / "pairs" / name


def encoder_folder() -> Path:
    """Return the open_clip folder of the bundled encoder."""
    return data_folder() / "encoders" / ENCODER


def embeddings_folder(name: str) -> Path:
    """Return where the bundled encoder's embeddings of the bundled set ``name`` lie."""
    return data_folder() / "embeddings" / ENCODER / name
