"""The first right places alone are those of the whole ranks."""

import pytest
import torch

from sde_core.retrieval.ranking import retrieval_ranks
from sde_core.retrieval.scores import HubScore, cosine_score
from sde_core.retrieval.sides import first_right_places


def _squared(gallery, direction):
    return lambda queries: (queries @ gallery.T).square()


SCORES = {
    "cosine": cosine_score,
    "less a value": HubScore(cosine_score, lambda gallery, direction: gallery[:, 0]),
    "any": _squared,
}


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_first_right_places_are_those_of_the_ranks(score):
    generator = torch.Generator().manual_seed(0)
    image, text = (torch.randn(m, 5, generator=generator) for m in (40, 60))
    image[7] = image[3]  # twins, and a text that is right for two images
    links = torch.stack([torch.arange(60), torch.arange(60) % 40], dim=1)
    links = torch.cat([links, torch.tensor([[0, 9]])])
    ranks = retrieval_ranks(image, text, links, score=score)
    found = first_right_places(image, text, links, score=score)
    for first, whole in zip(found, (ranks.image_retrieval, ranks.text_retrieval), strict=True):
        for part in ("above", "tied_wrong", "tied_right"):
            assert torch.equal(getattr(first, part), getattr(whole.first, part))
