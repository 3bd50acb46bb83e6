"""Scores with banks against their papers' loops, and what each keeps."""

import math

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.checks.sphere import unit_rows
from tests.sde_core.treatments.clouds import SCORES, aligned, cloud, normal


def loop_scores(name, queries, gallery, queries_bank, gallery_bank):
    """Each score as its paper writes it: one query and one gallery item at a time, float64."""

    def nearest(x, bank, k=3):
        return sum(sorted((float(x @ b) for b in bank), reverse=True)[:k]) / k

    table = np.zeros((len(queries), len(gallery)))
    hubs = {int(np.argmax([b @ g for g in gallery])) for b in queries_bank}
    for i, q in enumerate(queries):
        best = int(np.argmax([q @ g for g in gallery]))
        for j, g in enumerate(gallery):
            cosine = float(q @ g)
            softmax = math.exp(20 * cosine) / sum(math.exp(20 * float(b @ g)) for b in queries_bank)
            table[i, j] = {
                "csls": 2 * cosine - nearest(q, gallery_bank) - nearest(g, queries_bank),
                "inverted-softmax": math.log(softmax),
                "dynamic-inverted-softmax": math.log(softmax) if best in hubs else cosine,
                "nnn": cosine - 0.75 * nearest(g, queries_bank),
            }[name]
    return table


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("direction", ["image_retrieval", "text_retrieval"])
def test_scores_are_those_of_the_papers(name, direction):
    image, text = unit_rows(cloud(7), "image"), unit_rows(cloud(8, seed=1), "text")
    banks = unit_rows(cloud(6, seed=2), "image"), unit_rows(cloud(5, seed=3), "text")
    score = SCORES[name](*banks)
    to_image = direction == "image_retrieval"
    queries, gallery = (text, image) if to_image else (image, text)
    queries_bank, gallery_bank = banks[::-1] if to_image else banks
    expected = loop_scores(
        name, *(x.double().numpy() for x in (queries, gallery, queries_bank, gallery_bank))
    )
    # float32 scores of size up to 20: 1e-5 is about ten of their last digits.
    np.testing.assert_allclose(score(gallery, direction)(queries), expected, rtol=1e-5, atol=1e-5)


def test_the_dynamic_score_has_both_kinds_of_queries():
    gallery = torch.eye(3)
    score = sde.fit_dynamic_inverted_softmax(torch.eye(3), torch.eye(3)[:1])
    found = score(gallery, "image_retrieval")(torch.eye(3))
    torch.testing.assert_close(found[1:], torch.eye(3)[1:])
    assert found[0].tolist() != [1, 0, 0]


@pytest.mark.parametrize("fit", SCORES.values(), ids=SCORES)
class TestEveryScore:
    def test_blocks_of_the_bank_change_nothing(self, fit, monkeypatch):
        image, text, links = cloud(40), cloud(60, seed=1), torch.arange(60) % 40
        score = fit(cloud(30, seed=2), cloud(30, seed=3))
        whole = sde.retrieval_ranks(image, text, links, score=score)
        monkeypatch.setattr("sde_core.treatments.banks.BLOCK_ENTRIES", 100)
        blocks = sde.retrieval_ranks(image, text, links, score=score, block_entries=100)
        torch.testing.assert_close(blocks.image_retrieval.best_rank, whole.image_retrieval.best_rank)

    def test_it_does_not_look_at_the_scale_of_the_reference(self, fit):
        image, text = cloud(20), cloud(20, seed=1)
        first, second = fit(image, text), fit(image * 9, text / 9)
        links = torch.arange(20)
        assert sde.retrieval_metrics(image, text, links, score=first) == sde.retrieval_metrics(
            image, text, links, score=second
        )

    def test_it_takes_a_hub_down(self, fit):
        # Image 0 lies where all texts point: the plain cosine gives it to almost every caption.
        n = 60
        image = normal(n, 12, seed=4)
        text = unit_rows(image, "x") + 2 * torch.eye(12)[0] + 0.2 * normal(n, 12, seed=5)
        image[0] = 5 * torch.eye(12)[0]
        score = fit(image, text)
        plain, corrected = (
            sde.hubness(sde.k_occurrence(image, text, direction="image_retrieval", k=1, score=each))
            for each in (sde.cosine_score, score)
        )
        assert corrected < plain
        before, after = (
            sde.retrieval_metrics(image[1:], text[1:], torch.arange(n - 1), score=each)
            for each in (sde.cosine_score, score)
        )
        assert after["image_retrieval_mrr"] > before["image_retrieval_mrr"]

    def test_another_width_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="same width"):
            fit(cloud(), cloud(n=5))
        with pytest.raises(sde.DataError, match="columns of the gallery"):
            sde.retrieval_metrics(torch.eye(3), torch.eye(3), [0, 1, 2], score=fit(cloud(), cloud()))


def test_a_small_reference_has_fewer_neighbours():
    image, text = aligned(3)
    for name in sde.baseline_names():
        ranks = sde.fit_baseline(name, image, text, paired=(image, text)).ranks(image, text, [0, 1, 2])
        for found in (ranks.image_retrieval, ranks.text_retrieval):
            assert len(found.best_rank) == 3
            assert ((found.best_rank >= 1) & (found.best_rank <= 3)).all(), name
