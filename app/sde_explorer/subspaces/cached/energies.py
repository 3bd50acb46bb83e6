"""The energies of pairs by band, at the thresholds of the state."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from sde_explorer.readings.cached.energies import band_shares
from sde_explorer.readings.cached.sets import Dataset
from sde_explorer.subspaces.numbers.pair_energy import PairEnergies, pair_energies

if TYPE_CHECKING:
    from sde_explorer.shared_state import SharedState


def pairs_by_band(data: Dataset, state: "SharedState") -> PairEnergies:
    """Return the energies of all pairs.

    Raises:
        SDEError: the rule misses something.
    """
    factors = (state.noise, state.strong)
    return _pairs(data.fingerprint, state.center, state.rule, factors, data, state)


@st.cache_resource(max_entries=4, show_spinner=False)
def _pairs(
    fingerprint: str,
    center: str,
    rule: str,
    factors: tuple[float, float],
    _data: Dataset,
    _state: "SharedState",
) -> PairEnergies:
    primary = _data.embeddings.primary_text
    images = np.flatnonzero(primary >= 0)
    texts = primary[images]
    image, text = (band_shares(_data, _state, modality) for modality in ("image", "text"))
    return pair_energies(images, texts, image[images], text[texts])
