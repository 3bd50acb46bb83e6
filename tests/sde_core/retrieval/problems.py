"""Small retrieval problems and the metrics by brute force."""

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

CHECK = settings(deadline=None, derandomize=True, max_examples=40)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@st.composite
def problems(draw):
    """Scores on a coarse grid, so that ties are common, and random links."""
    n_texts, n_images = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = st.lists(st.integers(-1, 1), min_size=n_images, max_size=n_images)
    scores = draw(st.lists(cells, min_size=n_texts, max_size=n_texts))
    link = st.tuples(st.integers(0, n_texts - 1), st.integers(0, n_images - 1))
    return np.array(scores, dtype=np.float32), draw(st.lists(link, min_size=1, max_size=12))
