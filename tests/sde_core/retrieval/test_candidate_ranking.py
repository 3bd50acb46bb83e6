import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sde_core.errors import DataError
from sde_core.retrieval.candidate_ranking import candidate_places, candidate_ranks, precision_at_1
from sde_core.retrieval.ranking import retrieval_metrics


def _random(seed, q=20, c=15, d=6):
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(c)[: rng.integers(2, c + 1)] for _ in range(q)]
    return rng.standard_normal((q, d)), rng.standard_normal((c, d)), rows


@given(st.integers(0, 10_000))
def test_ranks_are_those_of_a_plain_loop_and_do_not_know_scale_or_order(seed):
    query, candidate, rows = _random(seed)
    ranks = candidate_ranks(query, candidate, rows)
    for q, given_rows in enumerate(rows):
        cosines = [c @ query[q] / np.linalg.norm(c) for c in candidate[given_rows]]
        assert ranks[q] == 1 + sum(cosine > cosines[0] for cosine in cosines[1:])
    rng = np.random.default_rng(seed)
    mixed = [np.r_[r[:1], rng.permutation(r[1:])] for r in rows]
    scaled = candidate * rng.uniform(0.1, 9, (len(candidate), 1))
    torch.testing.assert_close(candidate_ranks(3 * query, scaled, mixed), ranks, rtol=0, atol=0)


def test_with_one_gallery_for_all_it_is_recall_at_1():
    rng = np.random.default_rng(3)
    image, text = rng.standard_normal((40, 5)), rng.standard_normal((40, 5))
    rows = [[i, *(j for j in range(40) if j != i)] for i in range(40)]
    recall = retrieval_metrics(image, text + image, np.arange(40), (1,))
    found = precision_at_1(candidate_ranks(text + image, image, rows))
    assert 0 < found < 1
    assert found == recall["image_retrieval_recall@1"]
    assert precision_at_1(candidate_places(text + image, image, rows)) == found


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_encoder_that_maps_everything_to_one_point_is_at_chance(dtype):
    point = np.random.default_rng(0).standard_normal(37).astype(dtype)
    given_rows = np.tile(point, (9, 1)), np.tile(point, (30, 1)), [range(k + 2) for k in range(9)]
    ranks = candidate_ranks(*given_rows)
    assert ranks.tolist() == [1 + (k + 1) / 2 for k in range(9)]
    assert precision_at_1(candidate_places(*given_rows)) == pytest.approx(
        np.mean([1 / (k + 2) for k in range(9)])
    )
    assert precision_at_1(ranks) == 0  # a mean rank alone does not say how many share it


def test_a_tie_at_the_top_counts_its_share_and_one_below_does_not_matter():
    query, candidate = np.eye(3)[:1], np.array([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert candidate_ranks(query, candidate, [[0, 1, 2]]).tolist() == [1.5]
    assert candidate_ranks(query, candidate, [[0, 2, 3]]).tolist() == [1.0]
    assert candidate_ranks(query, candidate, [[2, 3, 0]]).tolist() == [2.5]
    assert candidate_ranks(query, candidate, [[0]]).tolist() == [1.0]
    shares = [
        candidate_places(query, candidate, [rows]).share_within(1)
        for rows in ([0, 1, 2], [0, 2, 3], [2, 3, 0])
    ]
    assert torch.cat(shares).tolist() == [0.5, 1, 0]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[0], [1]], "an entry for each of 1 queries; got 2"),
        ([[]], "lists of row numbers"),
        ([[0.5, 1]], "lists of row numbers"),
        ([[[0, 1]]], "lists of row numbers"),
        ([[0, 2]], r"rows in \[0, 2\); got 0 to 2 at query 0"),
        ([[-1, 0]], "got -1 to 0"),
        ([[0, 9]], "got 0 to 9"),
        ([[0, 1, 0]], "one twice at query 0"),
    ],
)
def test_rows_that_mean_nothing_are_refused(rows, says):
    with pytest.raises(DataError, match=says):
        candidate_ranks(np.eye(2)[:1], np.eye(2), rows)


def test_widths_zero_rows_and_no_query_are_refused():
    with pytest.raises(DataError, match="same width; got 2 and 3"):
        candidate_ranks(np.eye(2), np.eye(3), [[0], [1]])
    with pytest.raises(DataError, match="candidate must have no row of zeros; got one at row 1"):
        candidate_ranks(np.eye(2), np.diag([1.0, 0.0]), [[0], [1]])
    with pytest.raises(DataError, match="at least one query"):
        precision_at_1(torch.empty(0, dtype=torch.float64))
