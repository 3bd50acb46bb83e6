"""What the Share view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Literal

from sde_explorer.compare.state import CompareState
from sde_explorer.curriculum.state import CurriculumState
from sde_explorer.spectrum.state import SpectrumState
from sde_explorer.subspaces.state import SubspacesState
from sde_explorer.training.state import TrainingState

SharePart = Literal["Link", "Figures", "Numbers", "Transform", "Open a spec"]


@dataclass(frozen=True, kw_only=True)
class ShareState(SpectrumState, CurriculumState, TrainingState, SubspacesState, CompareState):
    """What the Share view keeps, and what it shows of other views.

    Attributes:
        share_part: open part of the view.
    """

    share_part: SharePart = "Link"
