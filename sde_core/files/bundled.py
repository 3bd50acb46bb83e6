"""Where the data that ships with the project lies: pairs, encoder and their embeddings."""

import importlib.util
import os
from pathlib import Path

from sde_core.errors import DataError

PAIR_SETS = ("emoji", "clipart")
"""Names of the bundled sets of image-text pairs."""

ENCODER = "sde-mini"
"""Name of the bundled encoder."""

INSTALLED = "sde_explorer_data"
"""Name under which a wheel brings the data."""


def data_folder() -> Path:
    """Return the folder of the bundled data: SDE_DATA if it is set, the checkout's `data/`, or what was installed.

    Raises:
        DataError: it is nowhere, because the package was installed without it.
    """
    named = os.environ.get("SDE_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "data"
    if not named and not (folder / "pairs").is_dir():
        folder = _installed() or folder
    if not folder.is_dir():
        raise DataError(
            f"the bundled data must lie in {folder}; nothing is there: "
            "install the package anew, or set SDE_DATA to the data folder of a checkout"
        )
    return folder


def _installed() -> Path | None:
    """Return where the wheel put the data, or None."""
    found = importlib.util.find_spec(INSTALLED)
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) if places else None


def pairs_folder(name: str) -> Path:
    """Return the folder of WebDataset shards of the bundled set ``name``."""
    return data_folder() / "pairs" / name


def encoder_folder() -> Path:
    """Return the open_clip folder of the bundled encoder."""
    return data_folder() / "encoders" / ENCODER


def embeddings_folder(name: str) -> Path:
    """Return where the bundled encoder's embeddings of the bundled set ``name`` lie."""
    return data_folder() / "embeddings" / ENCODER / name


def statistics_file(name: str) -> Path:
    """Return where the statistics of the images of the bundled set ``name`` lie."""
    return data_folder() / "statistics" / f"{name}.safetensors"


def maps_folder() -> Path:
    """Return where the UMAPs of the bundled sets lie, by what each depends on."""
    return data_folder() / "maps"


def results_folder() -> Path:
    """Return where the results of the bundled sets lie that take longest, by what each depends on."""
    return data_folder() / "results"


def watched_folder() -> Path:
    """Return where the watched trainings of eight losses on the bundled sets lie, a run each."""
    return data_folder() / "watched"


def training_folder() -> Path:
    """Return where the stored training of a bundled set lies: what was asked for, and what was told."""
    return data_folder() / "trainings" / "emoji-adapter"
