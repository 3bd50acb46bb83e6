"""What the Data view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.shared_state import SharedState

DataPart = Literal["What is open", "What is odd", "Opened lately"]


@dataclass(frozen=True, kw_only=True)
class DataState(SharedState):
    """What the Data view keeps.

    Attributes:
        data_part: open part of the view.
    """

    data_part: DataPart = "What is open"
