"""The training that ships with the project, read once."""

import streamlit as st

import sde_core as sde
from sde_core.files import bundled
from sde_explorer.training.numbers.run import TrainingLog
from sde_explorer.training.runs import read_log


def stored_training() -> TrainingLog | None:
    """Return the log of the stored training, or None where the data are not installed."""
    try:
        folder = bundled.training_folder()
    except sde.DataError:
        return None
    log = _log(str(folder))
    return log if log.is_done else None


@st.cache_resource(max_entries=1, show_spinner=False)
def _log(folder: str) -> TrainingLog:
    from pathlib import Path

    return read_log(Path(folder))
