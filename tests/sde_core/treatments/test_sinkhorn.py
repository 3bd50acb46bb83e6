"""Scores normalised in turn over queries and items."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.checks.sphere import unit_rows
from sde_core.treatments import sinkhorn as module
from sde_core.treatments.banks import Banks
from sde_core.vocabulary import Direction
from tests.sde_core.treatments.clouds import aligned, cloud

WAY = Direction.IMAGE_RETRIEVAL


def _loops(queries, items, beta):
    """The same in plain float64 loops, from unit scales of items."""
    kernel = np.exp(beta * (queries @ items.T).double().numpy())
    v = np.full(len(items), 1 / len(items))
    for _ in range(module.N_ITERATIONS):
        u = 1 / (kernel @ v)
        v = 1 / (kernel.T @ u)
    return np.log(v) / beta


@pytest.mark.parametrize("entries", [1 << 22, 60])
def test_values_are_those_of_sinkhorns_rounds_in_blocks_or_whole(entries, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ENTRIES", entries)
    monkeypatch.setattr("sde_core.treatments.banks.BLOCK_ENTRIES", entries)
    image, text = cloud(30, seed=1), cloud(25, seed=2)
    gallery = unit_rows(cloud(20, seed=3), "gallery")
    kept = Banks(image, text, keeps_scores=True)
    for beta in (15.0, 5.0):
        again = module.sinkhorn(kept, beta=beta).hubs(gallery, WAY)
        assert torch.equal(again, sde.fit_sinkhorn(image, text, beta=beta).hubs(gallery, WAY))
    found = -sde.fit_sinkhorn(image, text, beta=15.0).hubs(gallery, WAY).double().numpy()
    items = torch.cat([gallery, unit_rows(image, "image")])
    expected = _loops(unit_rows(text, "text"), items, 15.0)[:20]
    # Only differences between items move a rank; ten rounds of float32 sums.
    np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), atol=2e-5)


def test_queries_of_the_test_are_the_bank_of_the_transductive_score():
    image, text = aligned(m=40)
    links = torch.arange(40)
    score = sde.sinkhorn_of_test(beta=15.0)
    found = sde.retrieval_ranks(image, text, links, score=score).image_retrieval.best_rank
    x, y = unit_rows(image, "image"), unit_rows(text, "text")
    scores = (y @ x.T).double() + torch.from_numpy(_loops(y, x, 15.0))
    expected = 1 + (scores > scores.diag()[:, None]).sum(1)
    assert torch.equal(found, expected.double())
    row = sde.fit_baseline("dbsn-transductive", image, text)
    inductive = sde.fit_baseline("dbsn", image, text)
    assert (row.transductive, inductive.transductive) == (True, False)
    told = [r.as_dict()["transductive"] for r in sde.compare_retrieval(image, text, links, [inductive, row])]
    assert told == [False, True]


def test_a_watched_transductive_row_keeps_its_ranks_and_shows_its_scores():
    image, text = aligned(m=40)
    row = sde.fit_baseline("dbsn-transductive", image, text)
    seen = []
    watching = sde.watched(row, lambda way, scores: seen.append(way))
    assert watching.transductive
    links = torch.arange(40)
    plain, watched = (t.ranks(image, text, links).text_retrieval.best_rank for t in (row, watching))
    torch.testing.assert_close(plain, watched)
    assert set(seen) == set(Direction)


def test_some_queries_are_a_test_of_their_own():
    from sde_core.retrieval.some_queries import ranks_of_queries

    image, text = aligned(m=40)
    links = np.stack([np.arange(40)] * 2, axis=1)
    every = {way: np.arange(40) for way in Direction}
    score = sde.sinkhorn_of_test()
    some = ranks_of_queries(image, text, links, every, score=score).text_retrieval.best_rank
    torch.testing.assert_close(
        some, sde.retrieval_ranks(image, text, links, score=score).text_retrieval.best_rank
    )


def test_one_query_at_a_time_and_a_bad_temperature_are_refused():
    with pytest.raises(sde.ConfigError, match="all queries at once"):
        sde.sinkhorn_of_test()(torch.eye(3), WAY)
    with pytest.raises(sde.ConfigError, match="beta must be"):
        sde.fit_sinkhorn(cloud(), cloud(), beta=0.0)
