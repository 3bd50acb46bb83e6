"""The page that `benchmarks.drag` drags on: two decaying spectra, as many directions as the link says."""

import numpy as np
import streamlit as st
import torch

import sde_core as sde
from sde_core.partition import Bands
from sde_core.partition.manual import ManualRule
from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.numbers.uncertainty import Band
from sde_explorer.ui.threshold_figure import threshold_figure


def _spectrum(modality: str, count: int, seed: int) -> tuple[Bands, Band]:
    rng = np.random.default_rng(seed)
    values = np.sort(np.geomspace(20, 0.1, count) * np.exp(0.05 * rng.normal(size=count)))[::-1]
    strong, noise = float(values[count // 20]), float(values[count // 2])
    spectrum = sde.Spectrum(
        singular_values=torch.from_numpy(values.copy()),
        basis=torch.eye(count, dtype=torch.float64),
        mean=None,
        n_samples=10 * count,
        n_features=count,
        route="svd",
    )
    rule = ManualRule(tau_strong=strong, tau_noise=noise)
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum, rule), modality=modality)
    assert {report.count(band) > 0 for band in BANDS} == {True}
    return report, Band(name="chance", low=values * 0.5, high=values * 0.7, is_chance=True)


def _keep(noise: float, strong: float) -> None:
    st.session_state["factors"] = (noise, strong)
    st.session_state["releases"] = st.session_state.get("releases", 0) + 1


st.set_page_config(layout="wide")
count = int(st.query_params.get("r", "192"))
made = [_spectrum("image", count, 0), _spectrum("text", count, 1)]
threshold_figure(
    [report for report, _ in made],
    key="figure",
    factors=st.session_state.get("factors", (1.0, 1.0)),
    on_release=_keep,
    alt="Two decaying spectra.",
    name="drag",
    overlays={report.modality: band for report, band in made},
)
st.write(f"releases: {st.session_state.get('releases', 0)}")
