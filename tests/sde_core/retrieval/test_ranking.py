"""Ranks and retrieval metrics: the definition as plain loops, laws, ties, memory, bad input."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.checks.sphere import unit_rows
from sde_core.retrieval import ranking
from tests.sde_core.retrieval.problems import CHECK, normal, problems


def from_matrix(scores):
    """A score that reads (n_texts, n_images) numbers: row i of the embeddings is unit vector i."""

    def score(gallery, direction):
        table = scores if direction == "image_retrieval" else scores.T
        return lambda queries: table[queries.argmax(dim=1)][:, gallery.argmax(dim=1)]

    return score


def ranked(scores, links, **options):
    scores = torch.as_tensor(scores)
    n_texts, n_images = scores.shape
    width = max(n_texts, n_images)
    eye = torch.eye(width)
    return sde.retrieval_ranks(eye[:n_images], eye[:n_texts], links, score=from_matrix(scores), **options)


def brute_force_metrics(scores, relevant, ks):
    """Means over every order of the gallery that a stable sort by score then keeps for ties; no formula, no vectors."""
    n_items = len(scores[0])
    places, recalls, reciprocals, averages = [], {k: [] for k in ks}, [], []
    for row, right in zip(scores, relevant, strict=True):
        if not any(right):
            continue
        for order in itertools.permutations(range(n_items)):
            hits = [right[j] for j in sorted(order, key=lambda j: -row[j])]
            first = hits.index(True) + 1
            places.append(first)
            reciprocals.append(1 / first)
            for k in ks:
                recalls[k].append(first <= k)
            total = sum(right)
            averages.append(sum(sum(hits[: p + 1]) / (p + 1) for p in range(total) if hits[p]) / total)
    means = {f"recall@{k}": np.mean(recalls[k]) for k in ks}
    means |= {"mrr": np.mean(reciprocals), "map@r": np.mean(averages), "median_rank": np.median(places)}
    return means | {"best": np.mean(places)}


@CHECK
@given(problems())
def test_metrics_are_means_over_every_order_of_the_ties(problem):
    scores, links = problem
    ks = (1, 2, 4)
    relevant = np.zeros(scores.shape, dtype=bool)
    relevant[tuple(np.array(links).T)] = True
    ranks = ranked(scores, links)
    found = sde.metrics_from_ranks(ranks, ks)
    for name, table, right in (("image", scores, relevant), ("text", scores.T, relevant.T)):
        expected = brute_force_metrics(table.tolist(), right.tolist(), ks)
        one = getattr(ranks, f"{name}_retrieval")
        assert float(one.best_rank.nanmean()) == pytest.approx(expected.pop("best"), rel=1e-12)
        for key, value in expected.items():
            assert found[f"{name}_retrieval_{key}"] == pytest.approx(value, rel=1e-12), key
        assert found[f"{name}_retrieval_queries"] == right.any(axis=1).sum()
        assert found[f"{name}_retrieval_excluded"] == (~right.any(axis=1)).sum()


@CHECK
@given(problems(), st.sampled_from([np.exp, np.arctan, lambda x: x**3 - 7, lambda x: 2 * x - 100]))
def test_metrics_are_unchanged_by_increasing_maps_of_the_scores(problem, increasing):
    scores, links = problem
    first, second = (sde.metrics_from_ranks(ranked(s, links)) for s in (scores, increasing(scores)))
    assert first == second


@CHECK
@given(problems(), st.integers(1, 30))
def test_blocks_change_nothing(problem, block_entries):
    scores, links = problem
    whole, blocks = ranked(scores, links), ranked(scores, links, block_entries=block_entries)
    for direction in ranking.DIRECTIONS:
        for field in ("best_rank", "average_precision", "n_relevant", "group"):
            one, other = (getattr(getattr(r, direction), field) for r in (whole, blocks))
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def test_never_more_scores_at_once_than_stated():
    largest = []

    def score(gallery, direction):
        def block(queries):
            scores = queries @ gallery.T
            largest.append(scores.numel())
            return scores

        return block

    sde.retrieval_ranks(normal(60, 4), normal(90, 4), torch.arange(90) % 60, score=score, block_entries=1000)
    assert 900 <= max(largest) <= 1000
    assert sum(largest) == 2 * 60 * 90


@CHECK
@given(st.integers(0, 2**31), st.floats(1e-30, 1e30))
def test_scale_of_rows_and_joint_rotation_do_not_matter(seed, scale):
    image, text = normal(12, 6, seed=seed), normal(20, 6, seed=seed + 1)
    links = torch.arange(20) % 12
    turn = torch.linalg.qr(normal(6, 6, seed=seed + 2))[0]
    first = sde.retrieval_metrics(image, text, links)
    assert sde.retrieval_metrics(image * scale, text / scale, links) == first
    assert sde.retrieval_metrics(image @ turn, text @ turn, links) == pytest.approx(first)


@CHECK
@given(st.integers(0, 2**31))
def test_order_of_rows_does_not_matter(seed):
    image, text = normal(9, 4, seed=seed), normal(14, 4, seed=seed + 1)
    links = torch.stack([torch.arange(14), torch.arange(14) % 9], dim=1)
    generator = torch.Generator().manual_seed(seed)
    new_image, new_text = torch.randperm(9, generator=generator), torch.randperm(14, generator=generator)
    moved = torch.stack([new_text.argsort()[links[:, 0]], new_image.argsort()[links[:, 1]]], dim=1)
    first = sde.retrieval_metrics(image, text, links)
    assert sde.retrieval_metrics(image[new_image], text[new_text], moved) == pytest.approx(first)


def test_perfect_pairs_with_negative_cosines():
    # All cosines are below 0: the right one is the least negative.
    image = torch.tensor([[1.0, 0.1], [1.0, -0.1]])
    found = sde.retrieval_metrics(image, torch.tensor([[-1.0, 0.3], [-1.0, -0.3]]), [0, 1])
    assert found["image_retrieval_recall@1"] == found["text_retrieval_recall@1"] == 1
    assert found["image_retrieval_map@r"] == 1


def test_relevant_items_do_not_push_each_other():
    # Text 0 is right for images 0, 1, 2, which take places 1, 2, 4 of 4.
    ranks = ranked([[0.9, 0.8, 0.1, 0.5]], [(0, 0), (0, 1), (0, 2)]).image_retrieval
    assert ranks.best_rank.tolist() == [1]
    assert ranks.average_precision.tolist() == [pytest.approx((1 + 1) / 3)]  # place 4 is beyond R = 3
    late = ranked([[0.2, 0.1, 0.9]], [(0, 0), (0, 1)]).image_retrieval
    assert late.best_rank.tolist() == [2]
    assert late.average_precision.tolist() == [pytest.approx((1 / 2) / 2)]


def test_three_drawings_of_one_caption_and_both_kinds_of_links():
    image = torch.eye(3).repeat_interleave(3, dim=0)
    text = torch.eye(3)
    links = [(caption, 3 * caption + style) for caption in range(3) for style in range(3)]
    found = sde.retrieval_metrics(image, text, links)
    assert found["image_retrieval_recall@1"] == found["image_retrieval_map@r"] == 1
    assert found["text_retrieval_recall@1"] == 1
    assert sde.retrieval_metrics(image, text, links + links) == found  # a repeated pair counts once
    one_each = sde.retrieval_metrics(torch.eye(3), text, [0, 1, 2])
    assert one_each == sde.retrieval_metrics(torch.eye(3), text, [(0, 0), (1, 1), (2, 2)])


def test_a_collapsed_encoder_ranks_at_chance():
    found = sde.retrieval_metrics(torch.ones(101, 8), torch.ones(101, 8), torch.arange(101))
    assert found["image_retrieval_median_rank"] == 51
    for k in (1, 5, 10):
        assert found[f"image_retrieval_recall@{k}"] == pytest.approx(k / 101, rel=1e-12)
    assert found["text_retrieval_mrr"] == pytest.approx(np.mean(1 / np.arange(1, 102)), rel=1e-12)
    assert found["text_retrieval_twin_recall@1"] == 1


def test_a_tie_at_the_top_takes_the_mean_place():
    ranks = ranked([[1.0, 1.0, 0.0]], [(0, 0)]).image_retrieval
    assert ranks.best_rank.tolist() == [1.5]


def test_infinite_scores_are_ranked():
    ranks = ranked([[-np.inf, np.inf, 0.0]], [(0, 0)]).image_retrieval
    assert ranks.best_rank.tolist() == [3]


def test_scores_of_the_caller_are_left_alone():
    table = torch.eye(4)
    sde.retrieval_ranks(torch.eye(4), torch.eye(4), range(4), score=lambda *_: lambda queries: table)
    assert torch.equal(table, torch.eye(4))


def test_queries_without_a_right_answer_are_counted_and_left_out():
    found = sde.retrieval_metrics(torch.eye(4), torch.eye(4)[:2], [0, 1], ks=(1,))
    assert (found["text_retrieval_queries"], found["text_retrieval_excluded"]) == (2, 2)
    assert found["text_retrieval_recall@1"] == 1
    ranks = sde.retrieval_ranks(torch.eye(4), torch.eye(4)[:2], [0, 1]).text_retrieval
    assert ranks.best_rank.isnan().tolist() == [False, False, True, True]


def test_queries_that_share_a_right_answer_share_a_group():
    # Texts 0 and 1 name image 0; text 2 names images 1 and 2; image 3 stands alone.
    ranks = ranked(np.zeros((3, 4)), [(0, 0), (1, 0), (2, 1), (2, 2)])
    text, image = ranks.image_retrieval.group.tolist(), ranks.text_retrieval.group.tolist()
    assert text[0] == text[1] == image[0]
    assert text[2] == image[1] == image[2]
    assert len({text[0], text[2], image[3]}) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_dtype_and_arrays(dtype):
    image, text = normal(20, 5).to(dtype), normal(20, 5, seed=1).to(dtype)
    found = sde.retrieval_metrics(image, text, torch.arange(20))
    assert found == sde.retrieval_metrics(image.double().numpy(), text.double().numpy(), np.arange(20))


def test_scores_of_half_precision_are_ranked():
    def score(gallery, direction):
        return lambda queries: (queries @ gallery.T).bfloat16()

    found = sde.retrieval_metrics(torch.eye(5), torch.eye(5), range(5), score=score)
    assert found["image_retrieval_recall@1"] == 1


def test_one_image_and_one_text():
    found = sde.retrieval_metrics([[1.0, 2.0]], [[-1.0, 2.0]], [0])
    assert found["image_retrieval_recall@1"] == found["text_retrieval_mrr"] == 1


def test_rows_of_any_size_have_unit_length():
    size = torch.tensor([1e-200, 1e200, 1, 1e-5, 1e5], dtype=torch.float64)
    unit = unit_rows(normal(5, 3) * size[:, None], "x")
    torch.testing.assert_close(unit.norm(dim=1), torch.ones(5))


def test_names_are_those_of_clip_benchmark():
    found = sde.retrieval_metrics(torch.eye(2), torch.eye(2), [0, 1], ks=(1, 5))
    for name in ("image_retrieval_recall@1", "image_retrieval_recall@5", "text_retrieval_recall@5"):
        assert name in found


@pytest.mark.parametrize(
    ("links", "sentence"),
    [
        ([0, 1], r"shape \(3,\) or \(n_links, 2\)"),
        (np.zeros((0, 2), dtype=int), "at least one link"),
        ([[0, 1, 2]], r"got \(1, 3\)"),
        ([0.0, 1.0, 2.0], "row numbers; got dtype float64"),
        ([True, True, False], "row numbers"),
        ([0, 1, 9], r"image rows in \[0, 3\); got 9 at entry 2"),
        ([(0, 0), (-1, 0)], r"text rows in \[0, 3\); got -1 at entry 1"),
    ],
)
def test_bad_links_are_refused(links, sentence):
    with pytest.raises(sde.DataError, match=sentence):
        sde.retrieval_metrics(torch.eye(3), torch.eye(3), links)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.retrieval_metrics(torch.eye(2), torch.eye(3), [0, 0, 0]), "same width"),
        (lambda: sde.retrieval_metrics(torch.zeros(2, 2), torch.eye(2), [0, 1]), "zeros; got one at row 0"),
        (lambda: sde.retrieval_metrics(torch.eye(2) * np.nan, torch.eye(2), [0, 1]), "image must be finite"),
        (lambda: sde.retrieval_metrics(torch.eye(2), torch.eye(2), [0, 1], ks=()), "ks must hold"),
        (lambda: sde.retrieval_metrics(torch.eye(2), torch.eye(2), [0, 1], ks=(0, 1)), "at least 1"),
        (lambda: ranked([[np.nan, 1.0]], [(0, 0)]), "got NaN"),
        (lambda: ranked([[1.0]], [(0, 0)], block_entries=0), "block_entries"),
        (
            lambda: sde.retrieval_metrics(
                torch.eye(2), torch.eye(2), [0, 1], score=lambda gallery, _: lambda queries: queries[:, :1]
            ),
            r"shape \(2, 2\)",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_ranks():
    scores, links = torch.arange(12.0).reshape(3, 4) % 5, [(0, 0), (1, 0), (1, 3), (2, 2)]
    device = torch.device("cuda")
    eye = torch.eye(4, device=device)

    def metrics(eye, scores):
        return sde.retrieval_metrics(eye, eye[:3], links, score=from_matrix(scores))

    assert metrics(eye, scores.to(device)) == metrics(eye.cpu(), scores)
    image, text = normal(50, 8), normal(80, 8, seed=1)
    found = sde.retrieval_metrics(image.to(device), text.to(device), torch.arange(80) % 50)
    assert found == pytest.approx(sde.retrieval_metrics(image, text, torch.arange(80) % 50), abs=0.02)
