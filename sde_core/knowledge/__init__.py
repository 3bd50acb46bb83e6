"""What each band knows: which directions, and which bands, tell the values of a column apart."""

from sde_core.knowledge.bands import band_knowledge
from sde_core.knowledge.caption_columns import caption_columns, word_column
from sde_core.knowledge.columns import Column, column_kinds
from sde_core.knowledge.disentangled import Disentanglement, disentanglement
from sde_core.knowledge.image_statistics import image_statistics
from sde_core.knowledge.names import DirectionName, direction_names
from sde_core.knowledge.readout import band_readout
from sde_core.knowledge.readout_result import BandReadout, ColumnReadout
from sde_core.knowledge.result import BandKnowledge, ColumnKnowledge
from sde_core.knowledge.set_columns import set_columns
from sde_core.partition.known import KnownRule

__all__ = [
    "BandKnowledge",
    "BandReadout",
    "Column",
    "ColumnKnowledge",
    "ColumnReadout",
    "DirectionName",
    "Disentanglement",
    "KnownRule",
    "band_knowledge",
    "band_readout",
    "caption_columns",
    "column_kinds",
    "direction_names",
    "disentanglement",
    "image_statistics",
    "set_columns",
    "word_column",
]
