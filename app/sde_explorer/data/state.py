"""What the Data view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.shared_state import SharedState

DataPart = Literal["What is open", "What is odd", "Wrong pairs", "Opened lately"]
PairMeasure = Literal["margin", "ratio", "cosine"]


@dataclass(frozen=True, kw_only=True)
class DataState(SharedState):
    """What the Data view keeps.

    Attributes:
        data_part: open part of the view.
        data_measure: what orders the pairs that may be wrong.
    """

    data_part: DataPart = "What is open"
    data_measure: PairMeasure = "margin"
