"""Settings are chosen on held-out pairs of the reference, and on nothing else."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.treatments.chosen import choose_setting, held_out_pairs
from sde_core.treatments.table import baseline_names
from tests.sde_core.treatments.clouds import aligned, normal


def test_pairs_that_share_a_text_or_a_picture_stay_on_one_side():
    image, text = aligned(m=200)
    text[1::2] = text[::2]  # two pictures a text
    image[2::20] = image[1::20]  # and chains of them
    fitted, asking = held_out_pairs((image, text))
    for known, new in zip(fitted, asking, strict=True):
        assert not {tuple(r) for r in known.tolist()} & {tuple(r) for r in new.tolist()}
    assert len(fitted[0]) + len(asking[0]) == 200
    assert held_out_pairs((image[:80], text[:80])) is None


def test_the_best_setting_is_taken_and_the_first_of_equal_ones():
    image, text = aligned(m=60)
    shuffled = text[torch.randperm(60, generator=torch.Generator().manual_seed(0))]

    def fit(setting):
        return sde.Treatment(name="", text_map=lambda rows: rows if setting["right"] else shuffled)

    settings = [{"right": 0.0}, {"right": 1.0}, {"right": 1.0}]
    found = choose_setting(fit, settings, (image, text), n_fitted=7)
    assert found.chosen == 1
    assert found.setting == {"right": 1.0}
    ranks = sde.retrieval_metrics(image, text, torch.arange(60))
    values = [ranks[f"{way}_retrieval_recall@{k}"] for way in ("text", "image") for k in (1, 5, 10)]
    assert found.recalls[1] == pytest.approx(sum(values) / 6)
    assert (found.n_fitted, found.n_asking) == (7, 60)


@pytest.mark.parametrize("name", baseline_names())
def test_a_baseline_with_pairs_is_the_one_of_its_best_setting_fitted_on_all_rows(name):
    image, text = aligned(m=240)
    made = sde.fit_baseline(name, image, text, paired=(image, text))
    assert (made.sweep is None) == (name in ("raw", "mean-shift", "realign", "procrustes"))
    if made.sweep is None:
        return
    assert max(made.sweep.recalls) == made.sweep.recalls[made.sweep.chosen]
    assert made.sweep.n_fitted + made.sweep.n_asking == 240
    alone = {
        "all-but-the-top": lambda s: [
            sde.fit_all_but_the_top(x, n_directions=int(s["n_directions"])) for x in (image, text)
        ],
        "whitening": lambda s: [sde.fit_whitening(x, **s) for x in (image, text)],
        "pca-truncation": lambda s: [sde.fit_pca_truncation(x, **s) for x in (image, text)],
        "joint-pca": lambda s: sde.fit_joint_pca(image, text, **s),
        "csls": lambda s: sde.fit_csls(image, text, **s),
        "inverted-softmax": lambda s: sde.fit_inverted_softmax(image, text, **s),
        "dynamic-inverted-softmax": lambda s: sde.fit_dynamic_inverted_softmax(image, text, **s),
        "nnn": lambda s: sde.fit_nnn(image, text, k=16, **s),
        "shared-noise": lambda s: sde.fit_shared_noise(image, text, n_noise=int(s["n_noise"])),
        "cca": lambda s: sde.fit_cca(image, text, **s),
        "isoclip": lambda s: sde.fit_isoclip(image, text, **s),
        "dbsn": lambda s: sde.fit_sinkhorn(image, text, **s),
        "dbsn-transductive": lambda s: sde.sinkhorn_of_test(**s),
    }[name](made.sweep.setting)
    new = normal(30, 8, seed=5), normal(30, 8, seed=6)
    if made.moves:
        wanted = [m(x) for m, x in zip(alone, new, strict=True)]
        for found, one in zip(made.mapped(*new), wanted, strict=True):
            torch.testing.assert_close(found, one)
    else:
        wanted = sde.retrieval_ranks(*new, torch.arange(30), score=alone).text_retrieval.best_rank
        assert torch.equal(made.ranks(*new, torch.arange(30)).text_retrieval.best_rank, wanted)


def test_noise_directions_are_dropped_where_that_helps_and_kept_where_it_hurts():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(600, 4)) * 3
    wide = [np.concatenate([shared, rng.normal(size=(600, 28)) * 2], 1) for _ in range(2)]
    made = sde.fit_all(*wide, paired=wide, names=["joint-pca"])[1]
    assert made.sweep.setting == {"n_directions": 4}
    row = sde.compare_retrieval(*wide, np.arange(600), [made])[0]
    assert row.sweep is made.sweep
    assert row.as_dict()["sweep"]["setting"] == {"n_directions": 4}
    exact = [rng.normal(size=(600, 32))] * 2
    kept = sde.fit_baseline("joint-pca", *exact, paired=exact)
    assert kept.sweep.chosen == 0
