"""Search in one list of images and texts."""

import math

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError


def _things(n=60, d=16, gap=0.0, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, d))
    image, text, query = (shared + 0.5 * rng.normal(size=(n, d)) for _ in range(3))
    side = np.zeros(d)
    side[0] = gap
    return image + side, text - side, query - side


def test_ndcg_is_that_of_plain_loops():
    image, text, query = _things()
    found = sde.mixed_ranking(image, text, query, k=5, seed=3)
    import torch

    half = (torch.randperm(60, generator=torch.Generator().manual_seed(3)) % 2 == 0).numpy()
    gains = []
    for as_image in (half, ~half):
        gallery = np.where(as_image[:, None], image, text)
        gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
        for i in range(60):
            scores = gallery @ query[i]
            rank = 1 + sum(s > scores[i] for s in scores)
            gains.append(1 / math.log2(1 + rank) if rank <= 5 else 0.0)
    assert found.ndcg == pytest.approx(np.mean(gains), abs=1e-9)
    assert found.ndcg == pytest.approx((found.ndcg_image + found.ndcg_text) / 2)


def test_a_gap_puts_all_texts_before_all_images_and_the_mean_shift_takes_it_away():
    apart = _things(gap=10)
    found = sde.mixed_ranking(*apart)
    assert found.images_first < 0.05
    assert found.ndcg_image < 0.1 < found.ndcg_text
    closed = [x - x.mean(0) for x in apart]
    assert sde.mixed_ranking(*closed).images_first == pytest.approx(0.5, abs=0.1)


def test_bad_input_is_refused():
    image, text, query = _things()
    with pytest.raises(ConfigError, match="k must be at least 1"):
        sde.mixed_ranking(image, text, query, k=0)
    with pytest.raises(DataError, match="must have one shape"):
        sde.mixed_ranking(image, text[:5], query)
