"""A set after a treatment without all of its rows: spectra in closed form, and the rows that somebody asks for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

import sde_core as sde
from sde_explorer.readings.matrices import vectors_of

if TYPE_CHECKING:
    from torch import Tensor

    from sde_core.sets.provenance import Provenance

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Treated:
    """What the gains of a treatment make of a set; its rows are those of the set, one by one.

    Attributes:
        source: the set before it.
        maps: fitted on the set itself, by modality.
        facts: of `sde_core.Treatment`.
        spectra: after the treatment, by modality.
        fingerprint: digest of the set and of what is done to it; that of the set where nothing moves.
    """

    source: sde.EmbeddingSet
    maps: Mapping[str, sde.AffineMap]
    facts: Mapping[str, str]
    spectra: Mapping[str, sde.Spectrum]
    fingerprint: str

    @classmethod
    def by_gains(
        cls,
        source: sde.EmbeddingSet,
        spectra: Mapping[str, sde.Spectrum],
        gains: "Mapping[str, Tensor]",
        facts: Mapping[str, str],
    ) -> "Treated":
        """Return the set after gains along its own directions.

        Args:
            source: the set.
            spectra: of all of its rows, by modality.
            gains: (r,) one a direction, by modality.
            facts: of `sde_core.Treatment`.
        """
        maps = {m: sde.AffineMap.fit(spectra[m], gains[m]) for m in spectra}
        return cls(
            source=source,
            maps=maps,
            facts=facts,
            spectra={m: gained(spectra[m], gains[m]) for m in spectra},
            fingerprint=_digest(source, maps)
            if any(found.rank for found in maps.values())
            else source.fingerprint,
        )

    @cached_property
    def whole(self) -> sde.EmbeddingSet:
        """All rows; they are made when this is asked for first."""
        return self._treatment(self.source)

    @property
    def width(self) -> int:
        """Features of a row."""
        return self.source.width

    @property
    def n_images(self) -> int:
        """Pictures."""
        return self.source.n_images

    @property
    def n_texts(self) -> int:
        """Captions."""
        return self.source.n_texts

    @property
    def metadata(self) -> "Mapping[str, npt.NDArray[np.str_]]":
        """Columns of the set."""
        return self.source.metadata

    @property
    def provenance(self) -> "Provenance":
        """Where its rows come from, and what was done to them."""
        return self.select(np.zeros(1, np.int64)).provenance

    def select(self, rows: Ints) -> sde.EmbeddingSet:
        """Return the set of some pictures and their captions after the treatment.

        Args:
            rows: of the pictures.
        """
        return self._treatment(self.source.select(rows))

    @property
    def _treatment(self) -> sde.Treatment:
        return sde.Treatment(image_map=self.maps["image"], text_map=self.maps.get("text"), facts=self.facts)


Source: TypeAlias = "sde.EmbeddingSet | Treated"
"""What rows are taken from: a set, or what a treatment makes of one."""


def taken(source: Source, modality: str, rows: Ints) -> npt.NDArray[np.floating]:
    """Return the (k, n) vectors of some rows.

    Args:
        source: whose.
        modality: "image" or "text".
        rows: (k,) of it.
    """
    if isinstance(source, Treated):
        return source.maps[modality](vectors_of(source.source, modality)[rows])
    return vectors_of(source, modality)[rows]


def gained(spectrum: sde.Spectrum, gains: "Tensor") -> sde.Spectrum:
    """Return the spectrum of the rows after gains along the directions of their own spectrum, without the rows.

    The mean goes back and stays what it was, so that centred rows U diag(s) V^T become U diag(s g) V^T, exactly.

    Args:
        spectrum: of the rows before.
        gains: (r,) one a direction, at least 0.
    """
    import torch

    values = spectrum.singular_values * gains.to(spectrum.singular_values)
    order = torch.argsort(values, descending=True, stable=True)
    size = float(values.max()) if len(values) else 0.0
    cut = torch.finfo(torch.float64).eps * max(spectrum.n_samples, spectrum.n_features) * size
    order = order[values[order] > cut]
    errors = spectrum.relative_errors
    return replace(
        spectrum,
        singular_values=values[order],
        basis=spectrum.basis[:, order],
        relative_errors=None if errors is None else errors[order],
    )


def _digest(source: sde.EmbeddingSet, maps: Mapping[str, sde.AffineMap]) -> str:
    made = hashlib.sha256(source.fingerprint.encode())
    for modality, found in maps.items():
        made.update(modality.encode())
        for part in (found.basis, found.gains, found.mean):
            made.update(b"none" if part is None else part.cpu().numpy().tobytes())
    return made.hexdigest()
