import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.sets.hold_out import FEWEST


def _set(n_images=120, captions_of=lambda i: (i,)):
    links = np.array([(t, i) for i in range(n_images) for t in captions_of(i)])
    n_texts = int(links[:, 0].max()) + 1
    rng = np.random.default_rng(0)
    return sde.EmbeddingSet.from_arrays(
        rng.normal(size=(n_images, 4)), rng.normal(size=(n_texts, 4)), links, name="toy"
    )


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.25, 0.25), (0.2, 0.3, 0.5)])
def test_parts_cover_every_picture_with_a_caption_once_and_share_no_caption(shares):
    # Two captions a picture, the second one shared with the next picture of a triple.
    made = _set(captions_of=lambda i: (2 * i, 2 * (i - i % 3) + 1))
    parts = sde.hold_out(made, shares, seed=3)
    assert (np.sum(parts, axis=0) == 1).all()
    texts = [set(made.links[np.isin(made.links[:, 1], np.flatnonzero(part)), 0]) for part in parts]
    for i, one in enumerate(texts):
        assert all(not one & other for other in texts[i + 1 :])
    for part, share in zip(parts, shares, strict=True):
        assert part.sum() == pytest.approx(share * 120, abs=3)  # whole groups of three


def test_the_seed_decides_and_the_first_part_does_not_see_how_the_rest_is_divided():
    made = _set()
    halves, thirds = sde.hold_out(made, seed=1), sde.hold_out(made, (0.5, 0.25, 0.25), seed=1)
    np.testing.assert_array_equal(halves[0], thirds[0])
    np.testing.assert_array_equal(halves[1], thirds[1] | thirds[2])
    assert (halves[0] != sde.hold_out(made, seed=2)[0]).any()


def test_pictures_without_a_caption_are_in_no_part():
    made = sde.EmbeddingSet.from_arrays(np.eye(40), np.eye(40)[:30], np.arange(30))
    parts = sde.hold_out(made)
    assert not (parts[0] | parts[1])[30:].any()


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (lambda: _set(3), "at least 16 pictures with captions, .* 2 parts .* got 3 in 3 groups"),
        (lambda: _set(100, lambda i: (0,)), "got 100 in 1 group that shares captions"),
        (lambda: _set(2 * FEWEST - 1), f"got {2 * FEWEST - 1} in"),
    ],
)
def test_too_few_pictures_or_groups_are_refused(made, match):
    with pytest.raises(DataError, match=match):
        sde.hold_out(made())


@pytest.mark.parametrize("shares", [(), (1.2, -0.2), (0.5, 0.4), (float("nan"), 0.5)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ConfigError, match="shares must be above 0 and add up to 1"):
        sde.hold_out(_set(), shares)
