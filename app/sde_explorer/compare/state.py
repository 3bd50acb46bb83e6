"""What the Compare view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_explorer.shared_state import SharedState
from sde_explorer.url_values import Place

Changed = Literal["image", "text"]
CompareLook = Literal[
    "In numbers",
    "Same space?",
    "How alike",
    "Beyond chance",
    "Same directions",
    "How separate",
    "Only in one",
    "Whose company changed",
    "Pictures and captions",
    "By layer",
]

SeriesPart = Literal["Against the first", "Energy between bands", "Recall", "Directions"]


@dataclass(frozen=True, kw_only=True)
class CompareState(SharedState):
    """What the Compare view keeps.

    Attributes:
        other: what the set is compared with: encoded pairs, a set's folder, the set itself transformed; "" is nothing.
        other_encoder: what encoded them; "" takes the first that is there.
        changed: whose changed neighbourhoods are shown.
        compare_look: the open part of the Compare view.
        series: folder of a row of checkpoints that stands in place of two sets; "" is none.
        series_part: the open part of the view while it shows one.
    """

    other: Annotated[str, Place()] = ""
    other_encoder: Annotated[str, Place()] = ""
    changed: Changed = "image"
    compare_look: CompareLook = "In numbers"
    series: str = ""
    series_part: SeriesPart = "Against the first"
