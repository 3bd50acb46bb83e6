"""Spectra with chosen values and labels."""

import math

import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sde_core.partition import Partition
from sde_core.shaping.curriculum import CurriculumConfig
from sde_core.spectra.spectrum import Spectrum

LAWS = settings(
    deadline=None, max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def labelled(labels: list[int]) -> Partition:
    return Partition(
        labels=torch.tensor(labels, dtype=torch.int64),
        tau_strong=math.nan,
        tau_noise=math.nan,
        noise_scale=None,
        fit_distance=None,
        rule="test",
        note="",
    )


def with_values(values: list[float], width: int | None = None, seed: int = 0, center=None) -> Spectrum:
    n = width or len(values)
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    return Spectrum(
        singular_values=torch.tensor(values, dtype=torch.float64),
        basis=basis[:, : len(values)].contiguous(),
        mean=None if center is None else torch.randn(n, generator=generator, dtype=torch.float64),
        n_samples=10 * n,
        n_features=n,
        route="svd",
    )


configs = st.builds(
    CurriculumConfig,
    start=st.floats(0, 0.99),
    end=st.floats(0, 0.99),
    schedule=st.sampled_from(["cosine", "linear", "step", "constant"]),
    warmup=st.sampled_from([0.0, 0.1, 0.5]),
    rho=st.floats(0.01, 1),
    strong=st.sampled_from(["amplify", "noise", "adversarial", "off"]),
    weak=st.sampled_from(["attenuate", "off"]),
    noise=st.sampled_from(["suppress", "off"]),
)


shares = st.floats(0, 1)
