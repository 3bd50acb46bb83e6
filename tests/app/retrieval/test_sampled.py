"""Large sets: some queries are asked, each against all of the gallery."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.vocabulary import DIRECTIONS, Direction
from sde_explorer.readings import headline
from sde_explorer.retrieval.numbers import sampled
from sde_explorer.retrieval.numbers import table as recall
from sde_explorer.retrieval.numbers.queries import extremes
from sde_explorer.retrieval.numbers.table import parts_of, recall_rows
from tests.app.conftest import spiked
from tests.app.retrieval.conftest import several


@pytest.mark.parametrize("captions", ["primary", "all"])
@pytest.mark.parametrize("name", ["raw", "sde-enhanced", "csls", "whitening", "dynamic-inverted-softmax"])
def test_some_queries_stand_where_they_stand_when_all_are_asked(captions, name):
    fit, test = parts_of(several(240), captions)
    part = sampled.sampled(test, 30)
    known = sde.fit_all(
        fit.embeddings.image, fit.embeddings.text, paired=fit.embeddings.paired(), names=[name]
    )
    [treatment] = [row for row in known if row.name == name]
    whole, some = (next(recall_rows(p, [treatment], lambda *_: None)) for p in (test, part))
    for way in DIRECTIONS:
        asked = part.asked[way]
        assert len(asked) == 30
        ranks = [getattr(row.compared.ranks, way) for row in (whole, some)]
        torch.testing.assert_close(ranks[1].best_rank, ranks[0].best_rank[asked])
        torch.testing.assert_close(ranks[1].n_relevant, ranks[0].n_relevant[asked])
        assert ranks[1].n_gallery == ranks[0].n_gallery  # the gallery stays whole
        np.testing.assert_array_equal(some.first[way], whole.first[way][asked])
        np.testing.assert_array_equal(part.queries(way), test.queries(way)[asked])
    assert some.gap == recall.gap_of(test.embeddings.select(part.asked[Direction.TEXT_RETRIEVAL]), treatment)


def test_a_sample_has_wider_intervals_that_hold_the_whole_number():
    [test] = parts_of(spiked(400), "primary")[1:]
    raw = [sde.Baseline(name="raw")]
    whole, some = (next(recall_rows(p, raw, lambda *_: None)) for p in (test, sampled.sampled(test, 60)))
    key = "image_retrieval_recall@1"
    wide, narrow = (row.compared.intervals[key] for row in (some, whole))
    assert wide.high - wide.low > narrow.high - narrow.low
    assert wide.low <= whole.compared.metrics[key] <= wide.high


def test_cards_of_a_sample_name_the_queries_that_asked():
    fit, test = parts_of(spiked(240), "primary")
    part = sampled.sampled(test, 40)
    known = sde.fit_all(fit.embeddings.image, fit.embeddings.text, names=["raw", "whitening"])
    raw, row = recall_rows(part, known[:2], lambda *_: None)
    way = Direction.IMAGE_RETRIEVAL
    for card in (c for some in extremes(part, raw, row, way, 4) for c in some):
        assert card.query in test.texts[part.asked[way]]
        assert card.answer == test.images[test.texts.tolist().index(card.query)]


def test_few_queries_are_all_asked_and_many_in_steps():
    [test] = parts_of(spiked(240), "primary")[1:]
    assert sampled.steps_of(test) == (0,)
    assert sampled.sampled(test, 0) is sampled.sampled(test, 10_000) is test
    many = replace(test, images=np.arange(headline.WHOLE + 1))
    assert sampled.steps_of(many) == headline.STEPS
