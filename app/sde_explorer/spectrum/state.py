"""What the Spectrum view keeps. No streamlit here."""

from dataclasses import dataclass
from typing import Annotated, Literal

from sde_core.checks.settings import Range
from sde_explorer.shared_state import SharedState

Spectra = Literal["by modality", "joint", "cross"]
Overlay = Literal["chance", "bootstrap", "picked", "none"]
Section = Literal["Is it noise?", "Energy and cone", "Rules", "Batches", "Metrics", "Files"]


@dataclass(frozen=True, kw_only=True)
class SpectrumState(SharedState):
    """What the Spectrum view keeps.

    Attributes:
        spectra: spectra of each modality, of both in one matrix, or of their cross-covariance.
        batch: number of pairs drawn at random for the spectra; 0 for everything there is.
        seed: of that draw.
        overlay: beside the spectra: what chance would give, how far they move with other rows, those of what is picked.
        section: open part of the Spectrum view.
    """

    spectra: Spectra = "by modality"
    batch: Annotated[int, Range(0, 100_000_000)] = 0
    seed: Annotated[int, Range(0, 9_999)] = 0
    overlay: Overlay = "chance"
    section: Section = "Is it noise?"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Spectra of the view: the modalities, or "joint", or "cross"."""
        return self.modalities if self.spectra == "by modality" else (self.spectra,)
