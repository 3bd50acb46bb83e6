"""SDE Explorer: look inside the embedding spaces of image-text models.

The public names stand in ``__init__.pyi``; each is imported when it is first used, so that ``import sde_core``
stays light.
"""

from lazy_loader import attach_stub

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
