"""Several encoders read alike on one set: spectrum, bands, rank, gap, compressibility, retrieval, on one page."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
