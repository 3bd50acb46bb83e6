"""Packages whose own modules are imported with them, imported by one thread at a time.

Python locks a module before its package. A thread that imports a package which imports its modules, and one that
imports such a module, can each hold what the other one waits for: Python then gives up in one of them, with an error or
a module that is half made. Once the packages are there, no order of imports does that.
"""

import threading
from importlib import import_module

PACKAGES = (
    "sde_core.glossary",
    "sde_core.partition",
    "sde_core.knowledge",
    "sde_core.pairs",
    "sde_core.encoders",
    "sde_core.embedding_formats",
    "sde_core.losses.terms",
    "sde_core.losses",
    "sde_core.training.monitoring.sinks",
)
"""Of the library, all that a page imports: other packages import their modules when a name of them is first used."""
_lock = threading.Lock()


def import_packages() -> None:
    """Import them; a thread that comes while another one does waits for it."""
    with _lock:
        for name in PACKAGES:
            import_module(name)
