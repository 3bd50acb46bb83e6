"""What the Training view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.shared_state import SharedState

TrainingPart = Literal["Does it find more?", "Bands and rank", "Spectrum", "Take it home"]

WatchPart = Literal["Alarms", "Directions", "Spectrum", "Recall, gap, scale"]


@dataclass(frozen=True, kw_only=True)
class TrainingState(SharedState):
    """What the Training view keeps.

    Attributes:
        training: the training that is shown, by the name of its folder; "" takes the newest that runs.
        training_part: open part of the view.
        watch: folder or file of runs that are trained elsewhere; "" shows the trainings of this machine.
        watch_runs: which of them stand side by side, by name; () takes the first ones.
        watch_run: whose directions and spectrum are shown, by name; "" takes the first one.
        watch_part: open part of the view while it watches.
    """

    training: str = ""
    training_part: TrainingPart = "Does it find more?"
    watch: str = ""
    watch_runs: tuple[str, ...] = ()
    watch_run: str = ""
    watch_part: WatchPart = "Alarms"
