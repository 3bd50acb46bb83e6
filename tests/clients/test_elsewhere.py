"""What other packages compute under a name of ours, on the same arrays, as the glossary says."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.geometry.similarity.measures import measure_names, similarity
from sde_core.vocabulary import Direction
from tests.clients.programs import ARE_REQUIRED, program


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return torch.from_numpy((rng.normal(size=(300, 120)) * np.linspace(3, 0.2, 120) + 0.5).astype(np.float32))


def _measures(rows, center="mean"):
    return sde.spectrum_metrics(sde.compute_spectrum(rows, center=center))


def _entropy_rank(shares):
    return float(np.exp(-(shares * np.log(shares)).sum()))


def test_rankme_of_reptrix_is_the_effective_rank_of_energies(rows):
    theirs = program("reptrix.rankme").get_rankme(rows)
    energies = sde.compute_spectrum(rows).energies.numpy()
    # Their 1e-7 a share; float32 shares.
    assert theirs == pytest.approx(_entropy_rank(energies / energies.sum() + 1e-7), rel=1e-5)
    ours = _measures(rows)
    assert theirs == pytest.approx(ours["effective_rank_energy"], rel=1e-3)
    assert theirs < 0.9 * ours["effective_rank"]


def test_alpha_of_reptrix_is_a_weighted_slope_over_ranks_11_to_100(rows):
    theirs = program("reptrix.alpha").get_alpha(rows)[0]
    energies = sde.compute_spectrum(rows).energies.numpy()
    rank = np.arange(11, 101)
    slope, _ = np.polyfit(np.log(rank), np.log(energies[10:100]), 1, w=rank**-0.5)
    assert theirs == pytest.approx(-slope, rel=1e-3)
    assert abs(theirs - _measures(rows)["alpha_req"]) > 0.05


def test_lidar_of_reptrix_squares_the_eigenvalues(rows):
    module = program("reptrix.lidar")
    x = rows[:, :10].double().reshape(60, 5, 10)
    theirs = module.get_lidar(x, 60, 5)
    means = x.mean(1)
    between = (means - means.mean(0)).T @ (means - means.mean(0))
    within = torch.einsum("nai,naj->ij", x - means[:, None], x - means[:, None]) / 60 + 1e-6 * torch.eye(10)
    values, vectors = torch.linalg.eigh(within)
    root = (vectors * values.rsqrt()) @ vectors.T
    matrix = (root @ between @ root).numpy()
    energies = np.linalg.svd(matrix - matrix.mean(0), compute_uv=False) ** 2
    assert theirs == pytest.approx(_entropy_rank(energies / energies.sum() + 1e-7), rel=1e-4)


def test_score_of_monai_is_ours_over_the_largest_rank_turned_round(rows):
    module = program("monai.metrics.embedding_collapse")
    score = module.compute_embedding_collapse(rows, reduction="none")["effective_rank_score"]
    # Float32 singular values there.
    assert float(score) == pytest.approx(1 - _measures(rows)["effective_rank"] / 120, abs=1e-5)


def test_domain_shift_of_monai_is_linear_cka(rows):
    module = program("monai.metrics.embedding_collapse")
    other = rows[:, :40] + torch.randn(300, 40, generator=torch.Generator().manual_seed(0))
    found = module.compute_embedding_collapse(rows, target_embeddings=other, reduction="none")["domain_shift"]
    assert float(found) == pytest.approx(sde.linear_cka(rows, other), abs=1e-5)


def test_rankme_of_stable_pretraining_is_not_centred_and_its_shares_do_not_sum_to_one(rows):
    source = _source("stable_pretraining", "callbacks", "rankme.py")
    assert "p = (s / torch.sum(s, axis=0)) + 1e-5" in source
    assert "mean(" not in source
    assert "if batch_idx > 0:" in source


def _source(*path):
    """Return the text of a file of a package that is read only: `.ci/programs` puts it where nothing imports it."""
    folder = os.environ.get("SDE_SOURCES", "")
    if not folder and not ARE_REQUIRED:
        pytest.skip("needs SDE_SOURCES, a folder with the package")
    return Path(folder, *path).read_text("utf-8")


def test_spearman_of_rsatoolbox_is_rsa_where_rows_and_columns_have_mean_zero(rows):
    program("rsatoolbox")
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    def theirs(*sides):
        rdms = [calc_rdm(Dataset(x.numpy()), method="correlation") for x in sides]
        return float(compare(*rdms, method="spearman")[0, 0])

    sides = [rows[:60, :30].double(), rows[:60, 10:50].double()]
    even = [x - x.mean(0) - x.mean(1, keepdim=True) + x.mean() for x in sides]
    assert theirs(*even) == pytest.approx(similarity(*even, "rsa"), abs=1e-9)
    assert abs(theirs(*sides) - similarity(*sides, "rsa")) > 1e-3


def test_hit_rate_and_reciprocal_rank_of_torchmetrics_are_ours_without_ties():
    module = program("torchmetrics.functional.retrieval")
    generator = torch.Generator().manual_seed(0)
    image, text = torch.randn(30, 8, generator=generator), torch.randn(40, 8, generator=generator)
    links = np.stack(
        [np.arange(40), np.arange(40) % 20], axis=1
    )  # two captions a picture; the last have none
    found = sde.retrieval_metrics(image, text, links, ks=(5,))
    cosines = torch.nn.functional.normalize(image[:20]) @ torch.nn.functional.normalize(text).T
    right = torch.zeros(20, 40, dtype=torch.long)
    right[links[:, 1], links[:, 0]] = 1

    def mean(measure, **options):
        return np.mean([float(measure(s, r, **options)) for s, r in zip(cosines, right, strict=True)])

    assert mean(module.retrieval_hit_rate, top_k=5) == pytest.approx(found["text_retrieval_recall@5"])
    assert mean(module.retrieval_reciprocal_rank) < found["text_retrieval_mrr"] - 0.005
    cosines = cosines + 1
    assert mean(module.retrieval_reciprocal_rank) == pytest.approx(found["text_retrieval_mrr"])
    assert mean(module.retrieval_hit_rate, top_k=5) == pytest.approx(found["text_retrieval_recall@5"])
    assert mean(module.retrieval_recall, top_k=5) != pytest.approx(found["text_retrieval_recall@5"])


@pytest.mark.parametrize("measure", measure_names())
def test_calibrated_scores_and_p_values_are_those_of_calibrated_similarity(measure):
    module = program("calibrated_similarity")
    numbers = torch.Generator().manual_seed(0)
    x, y = (torch.randn(30, d, generator=numbers, dtype=torch.float64) for d in (6, 9))
    y[:, :6] += 3 * x
    for aggregate in ("max", "mean"):
        layers = ([x, x[:, :3]], [y, y[:, 2:]])
        theirs = module.calibrate_layers(
            *layers, lambda a, b: similarity(a, b, measure), agg=aggregate, K=39,
            generator=torch.Generator().manual_seed(3),
        )  # fmt: skip
        ours = sde.calibrated_similarity(*layers, measure, n_permutations=39, seed=3, aggregate=aggregate)
        found = (ours.score, ours.p_value, ours.threshold)
        np.testing.assert_allclose(
            found, [float(each) for each in theirs], atol=1e-6
        )  # they round to float32
        assert ours.score > 0


def test_hub_values_of_dbsn_are_the_potentials_of_pot():
    ot = program("ot")
    numbers = torch.Generator().manual_seed(0)
    image, text, gallery = (
        torch.nn.functional.normalize(torch.randn(n, 12, generator=numbers)) for n in (50, 60, 40)
    )
    score = sde.fit_sinkhorn(image, text, beta=20.0)
    hubs = score.hubs(gallery, Direction.IMAGE_RETRIEVAL).numpy()
    cosines = (torch.cat([gallery, image]) @ text.T).double().numpy()
    even = [np.full(n, 1 / n) for n in cosines.shape]
    _, log = ot.sinkhorn(*even, 1 - cosines, reg=1 / 20, numItermax=10, stopThr=0, warn=False, log=True)
    potentials = -np.log(log["u"][:40]) / 20
    np.testing.assert_allclose(hubs - hubs.mean(), potentials - potentials.mean(), atol=1e-6)


def test_the_spread_of_the_gap_is_the_bures_distance_of_pot():
    ot = program("ot")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 6)) * rng.uniform(0.3, 2, 6), rng.normal(size=(80, 6)) + 0.4
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    moments = [(z.mean(0), np.cov(z.T, bias=True)) for z in (x, y)]
    (a, b), (c, d) = zip(*moments, strict=True)
    distance = ot.gaussian.bures_wasserstein_distance(a, b, c, d)
    assert sde.gap_parts(x, y).frechet_squared == pytest.approx(distance**2, rel=1e-7)
