"""What the Training view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.shared_state import SharedState

TrainingPart = Literal["Does it find more?", "Bands and rank", "Spectrum", "Take it home"]


@dataclass(frozen=True, kw_only=True)
class TrainingState(SharedState):
    """What the Training view keeps.

    Attributes:
        training: the training that is shown, by the name of its folder; "" takes the newest that runs.
        training_part: open part of the view.
    """

    training: str = ""
    training_part: TrainingPart = "Does it find more?"
