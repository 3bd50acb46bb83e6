"""What a user's files are, and what is odd about them, before anything is computed."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
