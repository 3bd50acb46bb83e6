"""Mixed lists of a set: which captions stand and which ask, and what is refused."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError


def _set(links, n=30, d=6):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(n, d)) + 2
    text = np.concatenate([image + 0.4 * rng.normal(size=(n, d)) - 4 for _ in range(2)])
    return sde.EmbeddingSet.from_arrays(image, text, links, name="made")


def test_first_captions_stand_and_last_ones_ask():
    twice = _set(np.stack([np.arange(60), np.arange(60) % 30], axis=1))
    found = sde.mixed_rankings(twice, twice, ["mean-shift"])
    assert list(found) == ["raw", "mean-shift"]
    assert found["raw"] == sde.mixed_ranking(twice.image, twice.text[:30], twice.text[30:])
    assert found["raw"].ndcg_image < found["mean-shift"].ndcg_image
    assert sde.mixed_rankings(twice, twice, (), most=11)["raw"].n_queries == 11


def test_pictures_that_share_a_caption_are_there_once():
    links = np.stack([np.arange(60), np.arange(60) % 30], axis=1)
    links[3, 0], links[35, 0] = 2, 34  # two pictures with one first caption, two with one last
    assert sde.mixed_rankings(_set(links), _set(links), ())["raw"].n_queries == 28


def test_one_caption_a_picture_and_a_score_are_refused():
    with pytest.raises(DataError, match="made must have images with two captions"):
        sde.mixed_rankings(_set(np.stack([np.arange(30)] * 2, axis=1)), _set(np.arange(60) % 30))
    twice = _set(np.arange(60) % 30)
    with pytest.raises(ConfigError, match=r"csls only scores.*mean-shift"):
        sde.mixed_rankings(twice, twice, ["csls"])
