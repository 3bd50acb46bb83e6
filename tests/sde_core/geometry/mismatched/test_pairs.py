"""Captions that were exchanged are found again, and counted."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.geometry.mismatched.pairs import _exchanged


@pytest.fixture(scope="module")
def clipart():
    return open_named("clipart/train")


@pytest.mark.parametrize("measure", ["margin", "ratio"])
@pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
def test_how_many_were_exchanged_is_estimated_and_how_many_of_the_first(clipart, share, measure):
    links, new = _exchanged(clipart.links, share, np.random.default_rng(1))
    found = sde.mismatched_pairs(clipart.image, clipart.text, links, measure=measure)
    size = clipart.n_images
    wrong = np.isin(found.links[:, 0] * size + found.links[:, 1], new[:, 0] * size + new[:, 1])
    assert found.share_low < wrong.mean() < found.share_high
    assert found.share == pytest.approx(wrong.mean(), abs=0.03)
    for k in (found.n_wrong // 2, found.n_wrong):
        # Right pairs that fit badly count as wrong in the estimate; a few dozen pairs may lie a little lower.
        assert -0.15 < float(found.precision[k - 1]) - wrong[found.order[:k]].mean() < 0.25
    kept = found.kept(found.n_wrong)
    assert len(kept) == len(links) - found.n_wrong
    assert np.isin(kept[:, 0] * size + kept[:, 1], new[:, 0] * size + new[:, 1]).mean() < wrong.mean() / 2


def test_a_clean_set_has_next_to_none_and_shuffled_captions_are_all_wrong(clipart):
    clean = sde.mismatched_pairs(clipart.image, clipart.text, clipart.links)
    assert clean.share < 0.01
    assert (np.diff(clean.scores[torch.from_numpy(clean.order)].numpy()) >= 0).all()
    shuffled = clipart.links.copy()
    shuffled[:, 0] = np.random.default_rng(0).permutation(shuffled[:, 0])
    assert sde.mismatched_pairs(clipart.image, clipart.text, shuffled).share > 0.9


def test_the_margin_finds_exchanged_captions_better_than_the_cosine_and_unseen_concepts_cost_the_ratio():
    test = open_named("clipart/test")
    given = test.image, test.text, test.links
    found = {m: sde.planted_recovery(*given, measure=m) for m in ("margin", "cosine", "ratio")}
    assert found["margin"].auc > found["cosine"].auc > found["ratio"].auc
    emoji = open_named("emoji/test")
    given = emoji.image, emoji.text, emoji.links
    known = sde.planted_recovery(*given, measure="ratio")
    unseen = sde.planted_recovery(*given, measure="ratio", groups=emoji.metadata["concept"])
    margin = sde.planted_recovery(*given)
    assert known.auc > margin.auc > unseen.auc


def test_two_equal_pictures_are_twins():
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(2, 40, 8)).astype("f4")
    image[7] = image[3]
    assert np.flatnonzero(sde.mismatched_pairs(image, text).has_twin).tolist() == [3, 7]


@pytest.mark.parametrize("measure", ["margin", "ratio", "cosine"])
def test_how_far_it_is_is_told_and_what_that_raises_ends_it(clipart, measure):
    told = []
    found = sde.mismatched_pairs(
        clipart.image, clipart.text, clipart.links, measure=measure, progress=told.append
    )
    assert told == sorted(told)
    assert 0 < told[0] <= told[-1] < 1
    plain = sde.mismatched_pairs(clipart.image, clipart.text, clipart.links, measure=measure)
    assert torch.equal(found.scores, plain.scores)

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sde.mismatched_pairs(clipart.image, clipart.text, clipart.links, measure=measure, progress=stop)
