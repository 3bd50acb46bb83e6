import numpy as np
import pytest
import torch

from sde_core.retrieval.ranking import retrieval_ranks
from sde_core.retrieval.some_queries import draw_queries, ranks_of_queries
from sde_core.vocabulary import DIRECTIONS


def _set(n_images: int = 90, n_texts: int = 130, seed: int = 0):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(n_images, 12)).astype(np.float32)
    rows = rng.integers(0, n_images, n_texts)
    text = (image[rows] + 1.5 * rng.normal(size=(n_texts, 12))).astype(np.float32)
    extra = np.stack([rng.integers(0, n_texts, 40), rng.integers(0, n_images, 40)], axis=1)
    links = np.unique(np.concatenate([np.stack([np.arange(n_texts), rows], axis=1), extra]), axis=0)
    return image, text, links


@pytest.mark.parametrize("most", [1, 7, 60])
def test_some_queries_have_the_ranks_that_they_have_among_all(most):
    image, text, links = _set()
    asked = draw_queries(links, most)
    some, whole = ranks_of_queries(image, text, links, asked), retrieval_ranks(image, text, links)
    for way in DIRECTIONS:
        assert len(asked[way]) == most
        one, all_ = getattr(some, way), getattr(whole, way)
        torch.testing.assert_close(one.best_rank, all_.best_rank[asked[way]])
        torch.testing.assert_close(one.average_precision, all_.average_precision[asked[way]])
        assert one.n_gallery == all_.n_gallery


def test_larger_draws_hold_the_smaller_ones_and_all_is_no_draw():
    links = _set()[2]
    small, large = draw_queries(links, 10), draw_queries(links, 50)
    for way in DIRECTIONS:
        assert set(small[way]) < set(large[way])
    assert draw_queries(links, 0) is None
    assert draw_queries(links, 10_000) is None


def test_what_stands_first_is_seen_by_its_row_and_an_error_stops_the_work():
    image, text, links = _set()
    asked = draw_queries(links, 20)
    seen = {way: [] for way in DIRECTIONS}
    ranks_of_queries(image, text, links, asked, see=lambda way, first: seen[way].extend(first.tolist()))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (text, image)]
    for way in DIRECTIONS:
        queries, gallery = unit if way.query == "text" else unit[::-1]
        assert seen[way] == (queries[asked[way]] @ gallery.T).argmax(axis=1).tolist()

    class Enough(Exception):
        pass

    def stop(*_):
        raise Enough

    with pytest.raises(Enough):
        ranks_of_queries(image, text, links, asked, see=stop)


def test_the_draw_is_that_of_numpy_from_seed_0():
    links = np.stack([np.arange(90)] * 2, axis=1)
    expected = np.sort(np.random.default_rng(0).permutation(90)[:9])
    for rows in draw_queries(links, 9).values():
        np.testing.assert_array_equal(rows, expected)
