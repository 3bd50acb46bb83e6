"""What a partition calls signal."""

import numpy as np
from hypothesis import strategies as st

from tests.sde_core.partition.planted import spikes

matrices = st.builds(
    lambda seed, m, n, k: spikes(seed, m, n, np.linspace(4, 1, k)),
    st.integers(0, 999),
    st.integers(20, 80),
    st.integers(20, 80),
    st.integers(0, 5),
)


def signal(partition):
    return partition.n_strong + partition.n_weak
