"""What a user brings: uploads put away, pairs and vectors looked at before they are opened, what was opened lately.

No streamlit here.
"""

from sde_explorer.intake.look import Found, PairsFound, ShownPair, VectorsFound, format_choices, look
from sde_explorer.intake.recent import Recent, forget, named_format, named_root, read_recent, remember
from sde_explorer.intake.thumbnail import thumbnail_of
from sde_explorer.intake.uploads import LIMITS, Upload, put_away
from sde_explorer.intake.vectors import PAIRINGS, VectorRequest, describe, open_vectors, permitted

__all__ = [
    "LIMITS",
    "PAIRINGS",
    "Found",
    "PairsFound",
    "Recent",
    "ShownPair",
    "Upload",
    "VectorRequest",
    "VectorsFound",
    "describe",
    "forget",
    "format_choices",
    "look",
    "named_format",
    "named_root",
    "open_vectors",
    "permitted",
    "put_away",
    "read_recent",
    "remember",
    "thumbnail_of",
]
