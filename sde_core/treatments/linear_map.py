"""The fitted map that every map-type baseline returns: an `AffineMap` with a shift."""

from typing import TypeAlias

from sde_core.shaping.transform import AffineMap
from sde_core.shaping.transform import Output as Output

LinearMap: TypeAlias = AffineMap
