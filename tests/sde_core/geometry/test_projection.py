import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.geometry import projection, search


def _clusters(per: int = 40, width: int = 12, count: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows around a few far directions, and which one each belongs to."""
    rng = np.random.default_rng(seed)
    centres = 6 * np.linalg.qr(rng.normal(size=(width, count)))[0].T
    member = np.repeat(np.arange(count), per)
    return (centres[member] + rng.normal(size=(per * count, width))).astype(np.float32), member


def test_exact_search_is_the_cosine_table():
    x, _ = _clusters()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    table = unit @ unit.T
    found, cosine = sde.build_index(x * 7).search(x[:11], 5)
    np.testing.assert_array_equal(found, np.argsort(-table[:11], axis=1)[:, :5])
    np.testing.assert_allclose(cosine, -np.sort(-table[:11], axis=1)[:, :5], atol=1e-5)


def test_search_in_part_finds_most_and_is_repeatable():
    x, _ = _clusters(per=700, width=16)
    exact, part = sde.build_index(x), sde.build_index(x, exact_rows=100)
    assert exact.is_exact
    assert not part.is_exact
    truth, found = exact.search(x, 10)[0], part.search(x, 10)[0]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(truth, found, strict=True)])
    assert recall > 0.65  # iid noise inside a cluster is the hardest case
    np.testing.assert_array_equal(found, sde.build_index(x, exact_rows=100).search(x, 10)[0])


def test_every_row_comes_first_among_its_neighbours_even_among_twins():
    x = np.ones((30, 4), np.float32)
    x[20:] = np.random.default_rng(0).normal(size=(10, 4))
    found, cosine = search.nearest_others(x, 5)
    np.testing.assert_array_equal(found[:, 0], np.arange(30))
    np.testing.assert_array_equal(cosine[:, 0], 1.0)
    assert all(len(set(row)) == 6 for row in found.tolist())


def test_an_exception_of_the_progress_ends_the_search():
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.nearest_others(_clusters()[0], 5, progress=stop)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sde.build_index(np.zeros((3, 2))), "no row of zeros"),
        (lambda: sde.build_index(np.eye(3)).search(np.eye(2), 1), "queries must have 3 columns"),
        (lambda: sde.build_index(np.eye(3)).search(np.eye(3), 4), r"k must lie in \[1, 3\]"),
        (lambda: sde.umap_map(np.eye(3)), "at least 8 rows"),
        (lambda: sde.pca_map(np.eye(3), sde.compute_spectrum(np.eye(3), center=None)), "must be centred"),
    ],
)
def test_bad_input_is_one_sentence(call, message):
    with pytest.raises(sde.SDEError, match=message):
        call()


def test_pca_keeps_the_most_variance_a_plane_can():
    x, _ = _clusters()
    flat = sde.pca_map(x).double()
    values = sde.compute_spectrum(x).singular_values
    torch.testing.assert_close(flat.square().sum(dim=0), values[:2].square(), rtol=1e-5, atol=0)
    torch.testing.assert_close(flat.mean(dim=0), torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-5)
    torch.testing.assert_close(sde.pca_map(x, sde.compute_spectrum(x)), sde.pca_map(x), rtol=0, atol=0)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_set_without_a_plane_lies_on_a_line(rank):
    x = torch.outer(torch.arange(1.0, 7) if rank else torch.ones(6), torch.tensor([1.0, 2.0, 2.0]))
    flat = sde.pca_map(x)
    assert flat.shape == (6, 2)
    assert bool(flat[:, 0].any()) == bool(rank)
    assert not flat[:, 1].any()


def test_umap_keeps_neighbourhoods_and_comes_back_from_its_seed():
    x, member = _clusters()
    seen: list[tuple[str, float]] = []
    flat = sde.umap_map(x, n_epochs=60, progress=lambda stage, share: seen.append((stage, share)))
    assert [stage for stage, _ in seen[:2]] == ["neighbours", "layout"]
    shares = [share for stage, share in seen if stage == "layout"]
    assert len(shares) >= 60
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    near = torch.cdist(flat, flat).fill_diagonal_(torch.inf).argmin(dim=1).numpy()
    assert (member[near] == member).mean() > 0.95
    torch.testing.assert_close(sde.umap_map(x, n_epochs=60), flat, rtol=0, atol=0)
    assert not torch.equal(sde.umap_map(x, n_epochs=60, seed=1), flat)


def test_umap_stops_when_its_progress_says_so(capfd):
    class StopError(Exception):
        pass

    seen: list[float] = []

    def stop(stage: str, share: float) -> None:
        if stage == "layout":
            seen.append(share)
            if share >= 0.5:
                raise StopError

    with pytest.raises(StopError):
        sde.umap_map(_clusters()[0], n_epochs=60, progress=stop)
    assert 0.5 <= seen[-1] < 0.6
    assert capfd.readouterr() == ("", "")  # nothing leaks to the console


def test_equal_rows_still_make_a_map():
    assert torch.isfinite(sde.umap_map(np.ones((20, 3)), n_epochs=10)).all()


def test_samples_are_whole_or_seeded():
    found = projection.sample_rows(1000, 10, seed=1)
    assert len(set(found.tolist())) == 10
    assert found.tolist() == sorted(found.tolist()) == projection.sample_rows(1000, 10, seed=1).tolist()
    assert found.tolist() != projection.sample_rows(1000, 10, seed=2).tolist()


def test_a_map_of_equal_rows_does_not_draw_their_order():
    """umap #840: of rows that tie the first ones were everybody's neighbours, and blocks of rows became islands."""
    rows = np.ones((600, 16)) + 1e-9 * np.random.default_rng(0).normal(size=(600, 16))
    flat = sde.umap_map(rows, n_epochs=60).numpy()
    block = np.arange(600) // 150
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1)[:, :5]
    # By chance a quarter; 3,000 neighbours of rows that share them: four standard errors of 600 draws.
    assert abs((block[nearest] == block[:, None]).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 600)


def test_the_start_is_ten_at_its_largest():
    start = projection._start(
        torch.from_numpy(np.random.default_rng(0).normal(size=(50, 4))), np.random.RandomState(0)
    )
    assert np.abs(start).max() == pytest.approx(10, abs=1e-3)  # noise of 1e-4 is added
