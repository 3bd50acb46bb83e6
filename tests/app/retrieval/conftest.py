"""Sets with shared captions, and a whole table of treatments measured once."""

import numpy as np
import pytest

import sde_core as sde
from sde_explorer.retrieval.numbers.table import parts_of, recall_rows, treatment_config
from sde_explorer.state import State
from tests.app.conftest import spiked


def several(n_images: int = 120, seed: int = 0) -> sde.EmbeddingSet:
    """Three captions a picture, the last of which two pictures share; one picture has none."""
    rng = np.random.default_rng(seed)
    links = [(3 * i + k if k < 2 else 3 * (i - i % 2) + 2, i) for i in range(n_images - 1) for k in range(3)]
    image, text = rng.normal(size=(n_images, 12)), rng.normal(size=(3 * n_images, 12))
    for t, i in links:
        text[t] += 0.9 * image[i]
    captions = [f"caption <b>{t}</b>" for t in range(len(text))]
    return sde.EmbeddingSet.from_arrays(image, text, np.array(links), captions=captions, name="several")


@pytest.fixture(scope="module")
def measured():
    """Set, parts and all rows."""
    whole = spiked(400)
    fit, test = parts_of(whole, "primary")
    made = fit.embeddings
    known = sde.fit_all(made.image, made.text, paired=made.paired(), config=treatment_config(State()))
    return whole, (fit, test), list(recall_rows(test, known, lambda name, share: None))
