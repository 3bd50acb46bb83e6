"""What the search keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_core.checks.settings import Range
from sde_explorer.shared_state import SharedState

SearchBy = Literal["text", "picture", "pair"]
Find = Literal["pictures", "captions"]


@dataclass(frozen=True, kw_only=True)
class SearchState(SharedState):
    """What the search keeps.

    Attributes:
        search: what is searched with: typed text, an uploaded picture, or a pair of the set.
        find: what is searched for.
        query: the typed text.
        pair: row of the pair of the set that is searched with.
    """

    search: SearchBy = "text"
    find: Find = "pictures"
    query: str = ""
    pair: Annotated[int, Range(0, 99_999_999)] = 0
