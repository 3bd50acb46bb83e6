"""What other packages compute under a name of ours, on the same arrays, as the glossary says."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.geometry.similarity.measures import similarity
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
