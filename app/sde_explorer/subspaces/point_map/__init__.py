"""A map of up to millions of points, drawn by WebGL in the browser: zoomed, picked and thinned there."""

from sde_explorer.subspaces.point_map.component import point_map

__all__ = ["point_map"]
