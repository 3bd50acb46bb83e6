"""What the directions of a set know of its columns, measured beside the page."""

from typing import TYPE_CHECKING

import sde_core as sde
from sde_core.vocabulary import Modality
from sde_explorer.jobs import Job
from sde_explorer.readings.cached.background import in_background
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.readings.cached.spectra import spectrum

if TYPE_CHECKING:
    from sde_explorer.state import State


def knowledge(data: Dataset, state: "State", side: str) -> Job:
    """Return the job whose result is the set's `sde.BandKnowledge`, for all its columns; it knows no thresholds."""
    modality = Modality(side)
    given = state.given if state.given in data.embeddings.metadata else ""

    def work(job: Job) -> sde.BandKnowledge:
        return sde.band_knowledge(
            data.embeddings,
            side=modality,
            spectrum=spectrum(data, modality, state.center),
            partition=None,
            given=given,
            progress=lambda done, total: job.report(done / total),
        )

    key = f"knowledge/{data.fingerprint}/{modality}/{state.center}/{given}"
    return in_background("knowledge", key, f"What {modality} directions know", work)
