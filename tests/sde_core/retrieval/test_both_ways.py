"""One product for both directions ranks as the scores do."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.retrieval import ranking
from tests.sde_core.retrieval.problems import CHECK, problems


@CHECK
@given(problems(), st.integers(1, 40))
def test_one_product_for_both_ways_ranks_as_the_scores_do(problem, block_entries):
    # Vectors whose exact products are small whole numbers: float32 and float64 agree on every tie.
    scores, links = problem
    text, image = np.sign(scores) + 0.0, np.eye(scores.shape[1])
    text = np.hstack([text, 2 - np.square(text).sum(axis=1, keepdims=True) / 4])
    image = np.hstack([image, np.zeros((len(image), 1))])
    fast = sde.retrieval_ranks(image, text, links, block_entries=block_entries)
    slow = sde.retrieval_ranks(
        image, text, links, score=lambda g, _: lambda q: sde.cosine_score(g, _)(q).double()
    )
    for direction in ranking.DIRECTIONS:
        one, other = getattr(fast, direction), getattr(slow, direction)
        for field in ("best_rank", "average_precision", "n_relevant", "group"):
            torch.testing.assert_close(
                getattr(one, field), getattr(other, field), rtol=0, atol=0, equal_nan=True
            )
