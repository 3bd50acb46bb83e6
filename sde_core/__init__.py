"""SDE Explorer: look inside the embedding spaces of image-text models.

Every name below is imported when it is first used, so that ``import sde_core`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# name -> module that defines it; tests hold this map, the imports below and __all__ equal.
_HOME = {
    "SDEError": "errors",
    "DataError": "errors",
    "EncoderError": "errors",
    "ConfigError": "errors",
    "Spectrum": "spectrum",
    "SpectrumAccumulator": "spectrum",
    "compute_spectrum": "spectrum",
    "Partition": "partition",
    "partition_spectrum": "partition",
    "register_rule": "partition",
    "rule_names": "partition",
}

if TYPE_CHECKING:
    from sde_core.errors import ConfigError, DataError, EncoderError, SDEError
    from sde_core.partition import Partition, partition_spectrum, register_rule, rule_names
    from sde_core.spectrum import Spectrum, SpectrumAccumulator, compute_spectrum

__all__ = [
    "ConfigError",
    "DataError",
    "EncoderError",
    "Partition",
    "SDEError",
    "Spectrum",
    "SpectrumAccumulator",
    "compute_spectrum",
    "partition_spectrum",
    "register_rule",
    "rule_names",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
