"""Pairs through an encoder into an EmbeddingSet: read ahead, resumable, broken items skipped and counted."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
