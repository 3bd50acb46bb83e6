"""Equal vectors are one class, and tie."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core.retrieval import both_ways, twins
from tests.sde_core.retrieval.problems import CHECK, normal


@pytest.mark.parametrize("n_distinct", [1, 3, 300])
@pytest.mark.parametrize("hubs", [False, True])
def test_equal_vectors_tie_wherever_they_stand(monkeypatch, n_distinct, hubs):
    # 701 texts and 533 images, neither a multiple of a tile nor of a word: edges of a product round as they like.
    n_images, n_texts = 533, 701
    pick = torch.arange(n_images) % n_distinct
    image, text = normal(n_distinct, 24)[pick], normal(n_texts, 24, seed=1)
    links = torch.stack([torch.arange(n_texts), torch.arange(n_texts) % n_images], dim=1)
    score = sde.fit_nnn(image[:50], text[:50]) if hubs else sde.cosine_score
    monkeypatch.setattr(both_ways, "_TILE", 100)
    one = sde.retrieval_ranks(image, text, links, score=score).image_retrieval
    # Each distinct vector once, with the number of times it occurs: no tie is left to rounding.
    unit_text, unit_image = (torch.nn.functional.normalize(x) for x in (text, normal(n_distinct, 24)))
    scores = unit_text @ unit_image.T
    if hubs:
        scores = scores - score.hubs(unit_image.float(), "image_retrieval").double()
    times = torch.bincount(pick, minlength=n_distinct)
    own = pick[links[:, 1]]
    above = ((scores > scores.gather(1, own[:, None])) * times).sum(dim=1)
    torch.testing.assert_close(one.first.above, above, rtol=0, atol=0)
    torch.testing.assert_close(one.first.tied_wrong, times[own] - 1, rtol=0, atol=0)
    assert bool((one.any_twin.tied_wrong == 0).all())
    torch.testing.assert_close(one.any_twin.tied_right, times[own], rtol=0, atol=0)


@pytest.mark.parametrize("score", [sde.cosine_score, lambda g, _: lambda q: q @ g.T])
def test_each_picture_there_twice(score):
    image = normal(20, 8).repeat_interleave(2, dim=0)
    text = torch.nn.functional.normalize(image) + 1e-3 * torch.nn.functional.normalize(normal(40, 8, seed=9))
    found = sde.retrieval_metrics(image, text, torch.arange(40), ks=(1, 2), score=score)
    assert found["image_retrieval_recall@1"] == 0.5
    assert found["image_retrieval_recall@2"] == 1
    assert found["image_retrieval_median_rank"] == 1.5
    assert found["image_retrieval_mrr"] == pytest.approx(0.75, rel=1e-14)
    assert found["image_retrieval_twin_recall@1"] == 1
    assert found["text_retrieval_recall@1"] == found["text_retrieval_twin_recall@1"]


def test_a_twin_counts_only_for_its_own_class():
    # Image 1 equals image 0; text 0 is right for image 0, text 1 for image 2.
    image, text = torch.eye(3)[[0, 0, 1]], torch.eye(3)[[0, 0]]
    found = sde.retrieval_metrics(image, text, [(0, 0), (1, 2)], ks=(1, 2, 3))
    assert [found[f"image_retrieval_recall@{k}"] for k in (1, 2, 3)] == [0.25, 0.5, 1]
    assert [found[f"image_retrieval_twin_recall@{k}"] for k in (1, 2, 3)] == [0.5, 0.5, 1]


@CHECK
@given(st.data())
def test_twin_classes_are_those_of_plain_comparison(data):
    rows = data.draw(
        st.lists(st.lists(st.sampled_from([-0.0, 0.0, 1.0]), min_size=2, max_size=2), min_size=1, max_size=9)
    )
    expected = [rows.index(row) for row in rows]  # -0 equals 0 here, as it does in a product
    classes = twins.twin_classes(torch.tensor(rows))
    assert classes.tolist() == expected
    links = torch.tensor([[0, len(rows) - 1], [3, 0]])
    wanted = sorted(
        {(q, j) for q, i in links.tolist() for j in range(len(rows)) if expected[j] == expected[i]}
    )
    assert [tuple(pair) for pair in twins.with_twins(links, classes).tolist()] == wanted
