"""Scores of pairs against formulas written out, and what they must not depend on."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

import sde_core as sde
from sde_core.geometry.mismatched import scores
from sde_core.geometry.mismatched.likelihood import fit_pair_likelihood


def _pairs(n=60, d=5, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, d))
    return shared + 0.5 * rng.normal(size=(n, d)), shared + 0.5 * rng.normal(size=(n, d)) + 0.3


def test_the_margin_is_csls_written_out_and_half_of_what_the_table_ranks_by():
    image, text = _pairs()
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (image, text))
    cosine = x @ y.T
    near_x, near_y = np.sort(cosine, 1)[:, -10:].mean(1), np.sort(cosine, 0)[-10:].mean(0)
    wanted = np.diag(cosine) - (near_x + near_y) / 2
    np.testing.assert_allclose(sde.pair_scores(image, text).numpy(), wanted, atol=1e-6)
    x32, y32 = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    table = sde.fit_csls(image, text)(y32, "text_retrieval")(x32)
    np.testing.assert_allclose(table.diagonal().numpy() / 2, wanted, atol=1e-6)


def test_the_ratio_is_that_of_the_gaussian_densities():
    x, y = (torch.tensor(z) for z in _pairs(n=200, d=4))
    fitted = fit_pair_likelihood(x, y, ridge=0.3)
    a, b = (z - z.mean(0) for z in (x, y))
    own = [c + 0.3 * c.trace() / 4 * torch.eye(4) for c in (a.T @ a / 200, b.T @ b / 200)]
    cross = a.T @ b / 200
    joint = torch.cat([torch.cat([own[0], cross], 1), torch.cat([cross.T, own[1]], 1)]).numpy()
    wanted = multivariate_normal(cov=joint).logpdf(torch.cat([a, b], 1).numpy())
    for z, c in zip((a, b), own, strict=True):
        wanted = wanted - multivariate_normal(cov=c.numpy()).logpdf(z.numpy())
    np.testing.assert_allclose(fitted.ratio(x, y).numpy(), wanted, atol=1e-9)


@pytest.mark.parametrize("measure", scores.MEASURES)
def test_a_rotation_of_both_changes_nothing_and_links_come_in_the_order_of_a_set(measure):
    image, text = _pairs()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    plain = sde.pair_scores(image, text, measure=measure)
    torch.testing.assert_close(
        sde.pair_scores(image @ turn, text @ turn, measure=measure), plain, atol=1e-4, rtol=1e-4
    )
    links = [(i, i) for i in range(60)][::-1]
    torch.testing.assert_close(sde.pair_scores(image, text, links, measure=measure), plain)


def test_a_group_is_scored_by_what_others_teach():
    groups = np.repeat(np.arange(12), 5)
    scorer = scores.PairScorer(*_pairs(), measure="ratio", groups=groups)
    assert all(len(set(scorer.fold[groups == g])) == 1 for g in range(12))
    changed, text = _pairs()
    inside = scorer.fold == 0
    changed[inside] += np.random.default_rng(3).normal(size=(inside.sum(), 5))
    other = scores.PairScorer(changed, text, measure="ratio", groups=groups)
    torch.testing.assert_close(other._fits[0].correlations, scorer._fits[0].correlations)
    assert not torch.equal(other._fits[1].correlations, scorer._fits[1].correlations)


def test_neighbours_are_searched_in_a_seeded_sample_of_a_large_set(monkeypatch):
    image, text = _pairs()
    whole = sde.pair_scores(image, text)
    monkeypatch.setattr(scores, "_BANK", 30)
    first, again, other = (sde.pair_scores(image, text, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert np.corrcoef(first, whole)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x, y: sde.pair_scores(x[:19], y[:19]), "at least 20 pairs to compare; got 19"),
        (lambda x, y: sde.pair_scores(x, y[:, :4]), "same width; got 5 and 4"),
        (
            lambda x, y: sde.pair_scores(x, y * np.r_[0, np.ones(59)][:, None]),
            "no row of zeros; got one at row 0",
        ),
        (lambda x, y: sde.pair_scores(x, y, measure="magic"), "margin, ratio, cosine; got 'magic'"),
        (lambda x, y: sde.pair_scores(x, y, measure="ratio", groups=[0]), "60 labels, one an image"),
        (
            lambda x, y: sde.pair_scores(x, y, measure="ratio", groups=[0] * 40 + list(range(1, 21))),
            "the most frequent on 40 of 60",
        ),
        (lambda x, y: sde.planted_recovery(x, y, share=0.6), r"at most 0\.5; got 0\.6"),
        (lambda x, y: sde.mismatched_pairs(x, y).kept(61), r"\[0, 60\]; got 61"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call(*_pairs())
