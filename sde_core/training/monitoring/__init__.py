"""Watching a training that is not ours: looks at its features, kept while it runs, with alarms in words."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
