"""Three maps side by side, by strong, weak and noise directions, with the pictures at their places."""

from sde_explorer.subspaces.atlas.component import atlas

__all__ = ["atlas"]
