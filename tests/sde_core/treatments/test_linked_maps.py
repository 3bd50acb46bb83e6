"""Maps fitted on pairs: laws, and scikit-learn as an independent reference."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.treatments.linked_maps import PairCovariances, cca
from sde_core.treatments.ways import _canonical
from tests.sde_core.treatments.clouds import EXACT, aligned, cloud, normal, rotation


def test_procrustes_undoes_a_rotation_and_a_shift():
    image = cloud(60, 6)
    text = image @ rotation(6, seed=9) + 3
    x, y = (m(rows) for m, rows in zip(sde.fit_procrustes(image, text), (image, text), strict=True))
    torch.testing.assert_close(x, y, **EXACT)
    torch.testing.assert_close(x, image - image.mean(0), **EXACT)


def test_no_rotation_brings_texts_nearer_than_that_of_procrustes():
    from scipy.linalg import orthogonal_procrustes

    image, text = aligned(m=60)
    x, y = (rows - rows.mean(0) for rows in (image, text))
    turn, _ = orthogonal_procrustes(y.numpy(), x.numpy())
    torch.testing.assert_close(sde.fit_procrustes(image, text)[1](text), y @ torch.from_numpy(turn), **EXACT)


def test_cca_with_little_shrinkage_has_the_canonical_correlations_of_scikit_learn():
    from sklearn.cross_decomposition import CCA

    image, text = aligned(m=120, n=5)
    text[:, :2] += 4 * normal(120, 2, seed=8)  # correlations that differ
    maps = sde.fit_cca(image, text, shrinkage=1e-10, power=0)
    x, y = (m(rows).numpy() for m, rows in zip(maps, (image, text), strict=True))
    ours = [np.corrcoef(a, b)[0, 1] for a, b in zip(x.T, y.T, strict=True)]
    theirs = CCA(n_components=5, max_iter=5_000, tol=1e-12).fit(image.numpy(), text.numpy())
    a, b = theirs.transform(image.numpy(), text.numpy())
    expected = [np.corrcoef(p, q)[0, 1] for p, q in zip(a.T, b.T, strict=True)]
    # Its power iteration stops at a change of 1e-12 of the weights.
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    np.testing.assert_allclose(x.T @ x / len(x), np.eye(5), atol=1e-6)


def test_cca_that_shrinks_fully_ranks_as_procrustes_and_a_power_weights_the_variates():
    image, text = aligned()
    links = torch.arange(len(image))
    ranks = [
        sde.retrieval_ranks(
            *(m(x) for m, x in zip(maps, (image, text), strict=True)), links
        ).text_retrieval.best_rank
        for maps in (sde.fit_cca(image, text, shrinkage=1, power=0), sde.fit_procrustes(image, text))
    ]
    assert torch.equal(*ranks)
    plain, weighted = (sde.fit_cca(image, text, power=p)[0](image) for p in (0, 1))
    ratio = weighted / plain
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-6, atol=1e-6)
    assert ((ratio[0] <= 1) & (ratio[0] > 0)).all()


def test_the_best_setting_of_cca_on_validation_lies_inside_what_is_tried():
    train, val = (open_named(f"clipart/{part}") for part in ("train", "val"))
    pairs = PairCovariances.of(*train.paired())
    found = {}
    for setting in _canonical(train.width, train.n_images):
        maps = cca(pairs, **setting)
        rows = (torch.from_numpy(np.float64(x)) for x in (val.image, val.text))
        made = [m(x) for m, x in zip(maps, rows, strict=True)]
        metrics = sde.retrieval_metrics(*made, val.links)
        found[tuple(setting.values())] = sum(value for name, value in metrics.items() if "recall@" in name)
    best = max(found, key=found.__getitem__)
    assert best == (0.9, 0.25)
    assert found[best] > found[1.0, 0.0]  # the end of the family, Procrustes


def test_isoclip_drops_nothing_or_both_ends_of_the_cross_covariance():
    image, text = aligned()
    for m, x in zip(sde.fit_isoclip(image, text), (image, text), strict=True):
        torch.testing.assert_close(m(x), x, **EXACT)
    kept = [m(x) - x.mean(0) for m, x in zip(
        sde.fit_isoclip(image, text, n_top=1, n_bottom=2), (image, text), strict=True)]  # fmt: skip
    values = torch.linalg.svdvals((image - image.mean(0)).T @ (text - text.mean(0)))
    torch.testing.assert_close(
        torch.linalg.svdvals(kept[0].T @ kept[1])[:5], values[1:6], rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.fit_cca(*aligned(), shrinkage=0.0), r"shrinkage must lie in \(0, 1\]"),
        (lambda: sde.fit_cca(*aligned(), power=-1.0), "power must be"),
        (lambda: sde.fit_isoclip(*aligned(), n_top=4, n_bottom=4), r"\[0, 8\)"),
        (lambda: sde.fit_procrustes(cloud(8), cloud(9)), "rows"),
        (lambda: sde.fit_baseline("cca", *aligned()), "give paired="),
        (lambda: sde.fit_procrustes(*aligned())[0](torch.ones(2, 3)), "8 columns"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


def test_without_pairs_all_rows_but_those_that_need_them_are_fitted():
    names = [row.name for row in sde.fit_all(*aligned())]
    assert set(sde.comparison_names()) - set(names) == {"procrustes", "cca", "isoclip"}
