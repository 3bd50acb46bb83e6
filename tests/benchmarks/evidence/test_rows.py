"""Who may see which rows: nothing of a test part reaches training or tuning."""

import inspect

import numpy as np
import pytest

from benchmarks.evidence import tuning
from benchmarks.evidence.corpus import Corpus
from benchmarks.evidence.regimes import REGIMES, SEEN_STYLES, TUNER_SPLITS, Fitting, regime


@pytest.fixture(scope="module")
def corpus():
    return Corpus.bundled()


def test_the_tuner_may_touch_train_and_val_and_nothing_else():
    assert TUNER_SPLITS == ("train", "val")
    assert set(Fitting.__dataclass_fields__) == set(TUNER_SPLITS)
    # It knows neither corpora nor parts: all it gets is a score of knobs and a seed.
    source = inspect.getsource(tuning)
    assert not [word for word in ("corpus", "regime(", "Part", "Features", "tests") if word in source]


@pytest.mark.parametrize("name", REGIMES)
def test_rows_of_training_and_tuning_share_nothing_with_test_parts(corpus, name):
    data = regime(corpus, name)
    for seed in (0, 1, 1000):
        fitting = data.fitting(seed)
        for rows, split in ((fitting.train, "train"), (fitting.val, "val")):
            assert set(corpus.column("split")[rows]) == {split}
        fitted = set(corpus.cluster[np.concatenate([fitting.train, fitting.val])].tolist())
        for part_name, part in data.tests.items():
            if part_name in ("other", "zero-clipart"):  # their validation rows are no emoji
                fitted_here = set(corpus.cluster[fitting.train].tolist())
            else:
                fitted_here = fitted
                assert set(corpus.column("split")[part.rows]) == {"test"}
            assert not fitted_here & set(corpus.cluster[part.rows].tolist()), part_name


def test_the_style_that_is_held_out_is_seen_by_nobody_and_the_other_set_is_all_clip_art(corpus):
    data = regime(corpus, "styles")
    seen = np.concatenate([data.pool, data.val])
    assert set(corpus.column("style")[seen]) == set(SEEN_STYLES)
    assert set(corpus.column("style")[data.tests["style"].rows]) == {"fluent"}
    assert set(corpus.column("dataset")[data.tests["other"].rows]) == {"clipart"}


@pytest.mark.parametrize(("name", "size"), [("pairs-500", 500), ("pairs-1500", 1_500), ("pairs-5000", 5_000)])
def test_few_pairs_are_drawn_anew_for_each_seed_and_the_same_for_one(corpus, name, size):
    data = regime(corpus, name)
    first, second = data.fitting(0).train, data.fitting(1).train
    assert len(first) == len(second) == size
    assert np.array_equal(first, data.fitting(0).train)
    assert not np.array_equal(first, second)


def test_what_shares_a_caption_is_drawn_again_together(corpus):
    texts = corpus.links[:, 0]
    first = corpus.text_cluster(texts)
    assert np.array_equal(first, corpus.cluster[corpus.links[:, 1]])
