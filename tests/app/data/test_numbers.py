"""What a review keeps, and which captions are offered beside a picture."""

import numpy as np

from sde_core import EmbeddingSet
from sde_explorer.data.numbers import Review, nearest_captions


def test_each_link_is_decided_once_and_the_latest_decision_can_be_taken_back():
    review = Review().decided(3, "drop").decided(1, "keep").decided(3, "keep")
    assert (review.dropped, review.kept) == ((3,), (1,))
    assert review.current(np.array([3, 1])) is None
    assert review.undone().current([3, 1]) == 1
    assert Review().undone() == Review()


def test_nearest_captions_are_those_of_others_by_cosine():
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(2, 30, 6)).astype("f4")
    made = EmbeddingSet.from_arrays(image, text)
    cosines = (text @ image[4]) / np.linalg.norm(text, axis=1) / np.linalg.norm(image[4])
    cosines[4] = -2
    rows, values = zip(*nearest_captions(made, 4), strict=True)
    assert list(rows) == list(np.argsort(-cosines)[:3])
    np.testing.assert_allclose(values, cosines[list(rows)], rtol=1e-5)
    assert nearest_captions(made.select([0]), 0) == []
