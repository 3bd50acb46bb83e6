"""What is kept of a small gallery is what would be computed anew."""

import pytest
import torch

from sde_core.checks.sphere import unit_rows
from sde_core.treatments import banks as module
from sde_core.treatments.banks import Banks, mean_of_nearest
from sde_core.vocabulary import Direction
from tests.sde_core.treatments.clouds import cloud

WAY = Direction.TEXT_RETRIEVAL


@pytest.fixture
def galleries():
    return [unit_rows(cloud(30, seed=seed), "gallery") for seed in (5, 6)]


@pytest.mark.parametrize("keeps_scores", [False, True])
def test_another_gallery_or_direction_is_not_mistaken_for_the_last_one(galleries, keeps_scores):
    banks = Banks(cloud(40, seed=1), cloud(50, seed=2), keeps_scores=keeps_scores)
    first, second = galleries
    for gallery in (first, second, first, first.clone()):
        for way in Direction:
            queries = banks.of(way, gallery)[0]
            for k in (3, 12, 3):
                torch.testing.assert_close(
                    banks.mean_of_nearest(gallery, way, k),
                    mean_of_nearest(gallery, queries, k),
                    rtol=0,
                    atol=0,
                )
            expected = torch.logsumexp(20 * gallery @ queries.T, dim=1)
            # Sums of 50 float32 terms.
            torch.testing.assert_close(banks.log_sum_exp(gallery, way, 20.0), expected, rtol=1e-5, atol=1e-5)
            best = (queries @ gallery.T).argmax(dim=1)
            assert set(banks.is_hub(gallery, way).nonzero()[:, 0].tolist()) == set(best.tolist())


def test_a_small_gallery_is_asked_once_and_nothing_of_a_large_one_is_kept(galleries, monkeypatch):
    asked = []
    real = module._nearest
    monkeypatch.setattr(module, "_nearest", lambda *given: asked.append(1) or real(*given))
    banks = Banks(cloud(60, seed=1), cloud(60, seed=2))
    for k in (50, 10, 5):
        banks.mean_of_nearest(galleries[0], WAY, k)
    assert len(asked) == 1
    monkeypatch.setattr(module, "BLOCK_ENTRIES", galleries[0].numel() - 1)
    other = Banks(cloud(60, seed=1), cloud(60, seed=2))
    for _ in range(2):
        other.mean_of_nearest(galleries[0], WAY, 5)
    assert len(asked) == 3
    assert not other._kept
