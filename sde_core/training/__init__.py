"""Fine-tuning as a stream of typed events: what is trained, by which loss, and what comes out."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
