import itertools

import numpy as np
import pytest

from sde_core import ConfigError, EmbeddingSet
from sde_core.sets.evaluation import chance_recalls, evaluate_retrieval


def test_chance_is_the_mean_over_all_rankings():
    links = np.array([[0, 0], [0, 1], [1, 2], [2, 2], [2, 3]])
    by_hand = {"image": [], "text": []}
    for order in itertools.permutations(range(4)):  # text -> image
        by_hand["image"] += [bool({0, 1} & set(order[:2])), 2 in order[:2], bool({2, 3} & set(order[:2]))]
    for order in itertools.permutations(range(3)):  # image -> text
        by_hand["text"] += [0 in order[:2], 0 in order[:2], bool({1, 2} & set(order[:2])), 2 in order[:2]]
    chance = chance_recalls(links, 3, 4, (2,))
    assert chance["image_retrieval_recall@2"] == pytest.approx(np.mean(by_hand["image"]))
    assert chance["text_retrieval_recall@2"] == pytest.approx(np.mean(by_hand["text"]))


def test_a_cutoff_beyond_the_gallery_is_certain():
    assert set(chance_recalls(np.array([[0, 0], [1, 1]]), 2, 2, (10,)).values()) == {1.0}


def test_each_caption_is_right_for_its_own_picture_alone_by_default():
    """Two pictures share a caption: each entry finds its own, and is found before its twin half of the time."""
    image = np.eye(3, dtype=np.float32)
    text = np.array([[0.9, 0.8, 0], [0, 0, 1]], np.float32)
    made = EmbeddingSet.from_arrays(image, text, [[0, 0], [0, 1], [1, 2]], captions=["both", "third"])
    found, merged = evaluate_retrieval(made), evaluate_retrieval(made, captions="all")
    assert (found.captions, found.n_texts, merged.n_texts) == ("each", 3, 2)
    assert found.metrics["image_retrieval_recall@1"] == pytest.approx(2 / 3)
    assert merged.metrics["image_retrieval_recall@1"] == 1
    assert found.metrics["text_retrieval_recall@1"] == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert found.metrics["text_retrieval_twin_recall@1"] == merged.metrics["text_retrieval_recall@1"] == 1


def test_without_shared_captions_each_and_all_are_one():
    rng = np.random.default_rng(0)
    image, text = rng.standard_normal((6, 5)), rng.standard_normal((12, 5))
    links = np.stack([np.arange(12), np.arange(12) // 2], 1)
    made = EmbeddingSet.from_arrays(image, text, links, captions=[f"c{i}" for i in range(12)])
    each, merged = (evaluate_retrieval(made, captions=c) for c in ("each", "all"))
    assert each.metrics == merged.metrics
    assert each.chance == merged.chance


def test_perfect_vectors_reach_one_and_the_report_names_what_it_saw():
    x = np.eye(4, dtype=np.float32)
    made = EmbeddingSet.from_arrays(
        x, np.concatenate([x, x]), np.tile(np.arange(4), 2), captions=[f"c{i}" for i in range(8)], name="toy"
    )
    primary, everything = (evaluate_retrieval(made, captions=c) for c in ("primary", "all"))
    assert (primary.n_texts, everything.n_texts) == (4, 8)
    for report in (primary, everything):
        assert report.metrics["image_retrieval_recall@1"] == 1.0
        assert report.metrics["text_retrieval_recall@1"] == 1.0
    assert primary.as_dict()["dataset"] == "toy"
    with pytest.raises(ConfigError, match="captions must be"):
        evaluate_retrieval(made, captions="some")
