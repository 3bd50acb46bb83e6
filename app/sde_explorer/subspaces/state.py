"""What the Subspaces view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_core.checks.settings import Range
from sde_explorer.shared_state import SharedState

Side = Literal["image", "text"]
Look = Literal["Directions", "Gap", "Atlases", "Pair energies", "Map"]
Basis = Literal["image", "text", "joint", "cross"]
PairKind = Literal["all", "image-signal", "text-signal", "picked"]
MapKind = Literal["PCA", "UMAP"]
MapOf = Literal["both", "image", "text"]
MapPoints = Literal["20,000", "100,000"]
AtlasPictures = Literal["2,000", "10,000"]


@dataclass(frozen=True, kw_only=True)
class SubspacesState(SharedState):
    """What the Subspaces view keeps.

    Attributes:
        known_of: whose directions are asked what they know.
        columns: of which columns; empty are those that say most.
        look: the open part of the Subspaces view.
        basis: whose spectrum a direction is read from.
        direction: number of the direction that is read, from 1.
        pairs: which pairs the table of energies lists.
        map: how the vectors are laid out in the plane.
        map_of: whose vectors the map shows.
        map_colour: what colours its points: a band's energy, the modality, or a column of the metadata.
        map_points: points of a UMAP at most; of more, a seeded sample.
        atlas_pictures: pictures of the atlases at most; of more, a seeded sample.
    """

    known_of: Side = "image"
    columns: tuple[str, ...] = ()
    look: Look = "Directions"
    basis: Basis = "image"
    direction: Annotated[int, Range(1, 65_536)] = 1
    pairs: PairKind = "all"
    map: MapKind = "PCA"
    map_of: MapOf = "both"
    map_colour: str = "strong energy"
    map_points: MapPoints = "20,000"
    atlas_pictures: AtlasPictures = "2,000"
