"""The terms of `SDELoss` and of its rivals, one a file; a new one is its file and a line in `TERMS`."""

from sde_core.errors import ConfigError
from sde_core.losses.terms.barlow import BarlowTwins, ComponentBarlow
from sde_core.losses.terms.component_contrast import ComponentContrast
from sde_core.losses.terms.hellinger import Hellinger
from sde_core.losses.terms.spectral_contrast import SpectralContrast
from sde_core.losses.terms.subspace import Subspace
from sde_core.losses.terms.term import Batch, Term
from sde_core.losses.terms.vicreg import VICReg
from sde_core.losses.terms.whitening import Whitening

TERMS: list[type[Term]] = [
    Hellinger,
    Subspace,
    ComponentContrast,
    ComponentBarlow,
    Whitening,
    SpectralContrast,
    BarlowTwins,
    VICReg,
]
"""In the order in which they are added up."""


def register_term(term: type[Term]) -> type[Term]:
    """Make a term known by its name, to flat keywords, the command line and checkpoints; usable as a decorator.

    Raises:
        ConfigError: its name or one of its keywords is taken.
    """
    from dataclasses import fields

    taken = {other.flat_name(f.name) for other in TERMS for f in fields(other)}  # type: ignore[arg-type]
    for field in fields(term):  # type: ignore[arg-type]
        if term.flat_name(field.name) in taken:
            raise ConfigError(f"{term.flat_name(field.name)} must be a new name; a term has it already")
    TERMS.append(term)
    return term


__all__ = ["TERMS", "Batch", "Term", "register_term"]
