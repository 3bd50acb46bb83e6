"""What each band knows: which directions, and which bands, tell the values of a column apart."""

from sde_core.knowledge.bands import band_knowledge
from sde_core.knowledge.columns import Column, column_kinds
from sde_core.knowledge.result import BandKnowledge, ColumnKnowledge

__all__ = ["BandKnowledge", "Column", "ColumnKnowledge", "band_knowledge", "column_kinds"]
