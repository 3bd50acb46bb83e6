"""Pairs of strips, counted one by one in any order, add up to what one product counts."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.retrieval.grid import Tally, count_pair, strips_of
from tests.sde_core.retrieval.problems import CHECK, problems


def by_strips(size, order):
    def count(texts, images, links):
        tally = Tally.of(len(links))
        sides = [
            list(strips_of(*given, links, side, size))
            for side, given in enumerate([(texts, images), (images, texts)])
        ]
        pairs = [(a, b) for a in sides[0] for b in sides[1]]
        for i in np.random.default_rng(order).permutation(len(pairs)):
            text, image = pairs[i]
            tally.add(text.numbers, image.numbers, count_pair(text, image))
        return tally.counts()

    return count


def assert_same(one, other):
    for way in ("image_retrieval", "text_retrieval"):
        for field in ("best_rank", "average_precision", "n_relevant", "group"):
            found, wanted = (getattr(getattr(ranks, way), field) for ranks in (one, other))
            torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


@CHECK
@given(problems(), st.integers(1, 7), st.integers(0, 9))
def test_strips_in_any_order_rank_as_one_product_does(problem, size, order):
    scores, links = problem
    text, image = np.sign(scores) + 0.0, np.eye(scores.shape[1])
    text = np.hstack([text, 2 - np.square(text).sum(axis=1, keepdims=True) / 4])
    image = np.hstack([image, np.zeros((len(image), 1))])
    assert_same(
        sde.retrieval_ranks(image, text, links, count=by_strips(size, order)),
        sde.retrieval_ranks(image, text, links),
    )


def test_neither_do_strips_move_a_rank_of_vectors_as_encoders_make_them():
    r = np.random.default_rng(0)
    image = r.standard_normal((300, 16)).astype(np.float16)
    links = np.stack([np.arange(500), r.integers(0, 300, 500)], axis=1)
    text = (image[links[:, 1]] + r.standard_normal((500, 16))).astype(np.float16)
    text[100:140] = text[7]  # ties
    assert_same(
        sde.retrieval_ranks(image, text, links, count=by_strips(64, 1)),
        sde.retrieval_ranks(image, text, links),
    )
