"""Training and validation pictures: never test, never a caption on both sides; and the order of pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import DataError
from sde_core.training.order import Meaning, PairOrder
from sde_core.training.split import MOST_VAL, split_rows


def _split(links, n_images, split=None, val_share=0.2, seed=0):
    links = np.array(links, dtype=np.int64).reshape(-1, 2)
    metadata = {} if split is None else {"split": np.array(split)}
    n_texts = int(links[:, 0].max()) + 1 if len(links) else 0
    return split_rows(links, (n_texts, n_images), metadata, val_share=val_share, seed=seed)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 39)), min_size=20, max_size=80),
    st.integers(0, 5),
)
def test_a_hold_out_shares_no_caption_with_training(links, seed):
    try:
        found = _split(sorted(links, key=lambda pair: pair[1]), 40, seed=seed)
    except DataError:  # all pictures hang together
        return
    sides = [{t for t, i in links if i in set(rows.tolist())} for rows in (found.train, found.val)]
    assert not sides[0] & sides[1]
    assert not set(found.train) & set(found.val)
    assert set(found.train) | set(found.val) == {i for _, i in links}
    n = len(found.train) + len(found.val)
    assert 2 <= len(found.val) <= max(2, round(0.2 * n))
    again = _split(sorted(links, key=lambda pair: pair[1]), 40, seed=seed)
    assert again.val.tolist() == found.val.tolist()


def test_the_metadata_decides_where_it_can():
    links = [(i, i) for i in range(6)]
    found = _split(links, 6, ["Train", "train", "validation", "val", "test", "other"])
    assert (found.train.tolist(), found.val.tolist()) == ([0, 1], [2, 3])
    assert 'the "val" split of the metadata' in found.words
    # Without a validation part, only what is called training, or nothing, is shared out.
    found = _split([(i, i) for i in range(20)], 20, ["train"] * 12 + ["test"] * 8)
    assert set(found.train) | set(found.val) == set(range(12))
    assert "no validation split" in found.words
    # A validation part alone is shared out too.
    found = _split([(i, i) for i in range(20)], 20, ["val"] * 20)
    assert len(found.train) == 16


def test_a_picture_without_a_caption_is_on_no_side():
    found = _split([(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)], 6, val_share=0.4)
    assert 5 not in {*found.train, *found.val}


def test_what_cannot_be_split_is_refused():
    with pytest.raises(DataError, match="calls all of them test, and test pictures are never trained on"):
        _split([(0, 0), (1, 1)], 2, ["test", "test"])
    with pytest.raises(DataError, match="the source must hold pictures with captions; it has none"):
        _split([], 3)
    with pytest.raises(DataError, match="at least two pictures to validate with; got 0 beside 5 to train on"):
        _split([(0, i) for i in range(5)], 5)


def test_a_large_validation_part_is_drawn_from():
    n = MOST_VAL + 100
    found = _split([(i, i) for i in range(n + 2)], n + 2, ["val"] * n + ["train"] * 2)
    assert len(found.val) == MOST_VAL
    assert "5,000 of them drawn" in found.words


LINKS = np.array([(t, i) for i in range(10) for t in (2 * i, 2 * i + 1)])


def test_an_epoch_shows_every_picture_once_with_one_of_its_captions():
    order = PairOrder(np.arange(10), LINKS, batch_size=3, seed=1, sampled=True)
    assert order.steps_per_epoch == 3
    seen = set()
    for step in range(60):
        images, texts = order.batch(step)
        assert all(t // 2 == i for i, t in zip(images, texts, strict=True))
        seen |= set(texts.tolist())
        if step % 3 == 0:
            epoch = set()
        assert not epoch & set(images.tolist())
        epoch |= set(images.tolist())
    assert seen == set(range(20))


def test_a_batch_is_a_function_of_its_step():
    forward = PairOrder(np.arange(10), LINKS, batch_size=3, seed=1, sampled=True)
    batches = [forward.batch(step) for step in range(12)]
    backward = PairOrder(np.arange(10), LINKS, batch_size=3, seed=1, sampled=True)
    for step in reversed(range(12)):
        for one, other in zip(backward.batch(step), batches[step], strict=True):
            assert one.tolist() == other.tolist()
    first = PairOrder(np.arange(10), LINKS, batch_size=3, seed=1, sampled=False)
    assert all((first.batch(step)[1] % 2 == 0).all() for step in range(12))


def test_pairs_mean_the_same_by_words_by_links_or_by_concept():
    #        picture 0: a, b   picture 1: a (another row)   picture 2: c   picture 3: no words
    links = np.array([(0, 0), (1, 0), (2, 1), (3, 2), (4, 3)])
    meaning = Meaning(links, ("a", "b", "a", "c", ""), 4, None)
    images, texts = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 4])
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = True  # the caption of picture 1 is one of picture 0's
    assert meaning.same(images, texts).tolist() == expected.tolist()
    assert meaning.n_different(images) == 4
    by_concept = Meaning(links, ("a", "b", "a", "c", ""), 4, np.array(["x", "y", "x", "x"]))
    expected[np.ix_([0, 2, 3], [0, 2, 3])] = True
    assert by_concept.same(images, texts).tolist() == expected.tolist()
    assert by_concept.n_different(images) == 2
