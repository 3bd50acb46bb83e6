"""A row of checkpoints of one training, seen by one probe set: what moved, what was born, where recall went."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
