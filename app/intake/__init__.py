"""What a user brings: uploads put away, pairs and vectors looked at before they are opened, what was opened lately.

No streamlit here.
"""

from app.intake.look import Found, PairsFound, ShownPair, VectorsFound, format_choices, look
from app.intake.recent import Recent, forget, named_format, read_recent, remember
from app.intake.thumbnail import thumbnail_of
from app.intake.uploads import LIMITS, Upload, put_away
from app.intake.vectors import PAIRINGS, VectorRequest, describe, open_vectors

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
    "open_vectors",
    "put_away",
    "read_recent",
    "remember",
    "thumbnail_of",
]
