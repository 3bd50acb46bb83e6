"""Links of texts to images: one validation for sets and rankings."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.retrieval.links import as_links, distinct_rows, linked_groups


def set_of(links, n_images=3, n_texts=3):
    return sde.EmbeddingSet.from_arrays(
        np.eye(3, dtype=np.float32)[:n_images], np.eye(3, dtype=np.float32)[:n_texts], links
    )


def ranking_of(links, n_images=3, n_texts=3):
    return sde.retrieval_ranks(torch.eye(3)[:n_images], torch.eye(3)[:n_texts], links)


BAD = [
    ([0, 1], r"must have shape \(3,\) or \(n_links, 2\) with at least one link; got \(2,\)"),
    (np.zeros((0, 2), dtype=int), "at least one link"),
    ([[0, 1, 2]], r"got \(1, 3\)"),
    ([0.0, 1.0, 2.0], "must hold row numbers; got dtype float64"),
    ([True, True, False], "must hold row numbers; got dtype bool"),
    ([0, 1, 9], r"must name image rows in \[0, 3\); got 9 at entry 2"),
    ([0, -1, 2], r"must name image rows in \[0, 3\); got -1 at entry 1"),
    ([(0, 0), (-1, 0)], r"must name text rows in \[0, 3\); got -1 at entry 1"),
]


@pytest.mark.parametrize(("links", "sentence"), BAD)
def test_sets_and_rankings_refuse_links_in_the_same_words(links, sentence):
    said = []
    empty = isinstance(links, np.ndarray)  # a set may hold images and texts of which none belong together
    for call in (ranking_of,) if empty else (set_of, ranking_of):
        with pytest.raises(sde.DataError, match=sentence) as caught:
            call(links)
        said.append(str(caught.value))
    assert said[0] == said[-1]


def test_each_link_counts_once_grouped_by_image_with_captions_in_their_order():
    given = [(2, 1), (0, 0), (1, 1), (2, 1), (2, 0), (0, 0)]
    expected = [[0, 0], [2, 0], [2, 1], [1, 1]]
    assert as_links(given, 3, 3).tolist() == expected
    assert as_links(torch.tensor(given), 3, 3).tolist() == expected
    assert set_of(given).links.tolist() == expected
    # The caption that came first stays the first: primary captions do not change when a link is written twice.
    assert set_of(given).primary_text.tolist() == set_of(given[:3] + given[4:5]).primary_text.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_rankings_do_not_depend_on_order_or_repetition(seed):
    rng = np.random.default_rng(seed)
    links = np.stack([rng.integers(0, 6, 9), rng.integers(0, 5, 9)], axis=1)
    image, text = torch.from_numpy(rng.normal(size=(5, 4))), torch.from_numpy(rng.normal(size=(6, 4)))
    first = sde.retrieval_metrics(image, text, links)
    again = sde.retrieval_metrics(image, text, np.concatenate([links[::-1], links]))
    assert again == pytest.approx(first, nan_ok=True)


def test_by_row_and_without_texts():
    assert as_links(None, 2, 2).tolist() == [[0, 0], [1, 1]]
    with pytest.raises(sde.DataError, match="must be given when counts differ; got 2 texts and 3 images"):
        as_links(None, 2, 3)
    assert as_links([], 0, 3).shape == (0, 2)
    assert as_links(np.zeros((0, 2), int), 0, 3).shape == (0, 2)


def test_a_given_array_is_left_as_it_is():
    given = np.array([[1, 1], [0, 0]])
    given.flags.writeable = False
    as_links(given, 2, 2)[0, 0] = 7
    assert given.tolist() == [[1, 1], [0, 0]]


def test_groups_are_what_links_connect_directly_or_through_a_chain():
    text, image = linked_groups(as_links([(0, 0), (1, 0), (1, 1), (3, 2)], 4, 4), 4, 4)
    assert text[0] == text[1] == image[0] == image[1]
    assert text[3] == image[2]
    assert len({int(g) for g in (text[0], text[2], text[3], image[3])}) == 4


def test_no_link_at_all_is_one_where_that_is_asked_for():
    assert as_links(np.zeros((0, 2), int), 3, 3, may_be_empty=True).shape == (0, 2)
    for shape in ((1, 0), (0, 3), (0,)):
        with pytest.raises(sde.DataError, match="at least one link"):
            as_links(np.zeros(shape, int), 3, 3, may_be_empty=True)


def test_distinct_rows_are_those_of_numpy():
    draw = np.random.default_rng(0)
    for rows in (draw.integers(0, 50, 200), draw.permutation(30), np.zeros(0, np.int64)):
        found = distinct_rows(rows)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, np.unique(rows))
