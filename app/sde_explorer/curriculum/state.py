"""What the Curriculum view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_explorer.shared_state import SharedState
from sde_explorer.url_values import Numbers

CurriculumPart = Literal["Over training", "Guarantees", "Strong band", "Transform"]


@dataclass(frozen=True, kw_only=True)
class CurriculumState(SharedState):
    """What the Curriculum view keeps.

    Attributes:
        curriculum_part: open part of the view.
        followed: directions with a curve of their own, by rank from 1.
    """

    curriculum_part: CurriculumPart = "Over training"
    followed: Annotated[tuple[int, ...], Numbers()] = ()
