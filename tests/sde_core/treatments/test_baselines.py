"""Baselines: independent references, what each promises, and one evaluation path for all."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import sde_core as sde
from sde_core.checks.sphere import unit_rows

CHECK = settings(deadline=None, derandomize=True, max_examples=20)
# float64 products of a few dozen terms, and a whitening that divides by the smallest deviation.
EXACT = {"rtol": 1e-8, "atol": 1e-8}
MAPS = {
    "mean-shift": sde.fit_mean_shift,
    "all-but-the-top": sde.fit_all_but_the_top,
    "pca-truncation": lambda x: sde.fit_pca_truncation(x, n_directions=2),
    "whitening-zca": sde.fit_whitening,
    "whitening-pca": lambda x: sde.fit_whitening(x, kind="pca", shrinkage=0),
}
SCORES = {
    "csls": lambda x, y: sde.fit_csls(x, y, k=3),
    "inverted-softmax": sde.fit_inverted_softmax,
    "dynamic-inverted-softmax": sde.fit_dynamic_inverted_softmax,
    "nnn": lambda x, y: sde.fit_nnn(x, y, k=3),
}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(n, seed=0):
    return torch.linalg.qr(normal(n, n, seed=seed))[0]


def cloud(m=50, n=6, seed=0):
    """A cone: a mean, and a different deviation in every direction."""
    return (normal(m, n, seed=seed) * torch.linspace(2, 0.3, n)) @ rotation(n, seed) + 2


def covariance(x):
    return torch.cov(x.T)


# maps


def test_mean_shift_closes_the_modality_gap():
    image, text = cloud(), cloud(seed=1) - 5
    moved = sde.fit_mean_shift(image)(image), sde.fit_mean_shift(text)(text)
    torch.testing.assert_close(moved[0].mean(0), torch.zeros(6).double(), **EXACT)
    torch.testing.assert_close(covariance(moved[1]), covariance(text), **EXACT)
    before, after = sde.alignment_metrics(image, text), sde.alignment_metrics(*moved)
    assert after["modality_gap"] < 0.2 < before["modality_gap"]


@pytest.mark.parametrize("k", [0, 1, 3])
def test_all_but_the_top_is_its_loop(k):
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    components = PCA(k).fit(reference).components_ if k else np.zeros((0, 6))
    expected = new - reference.mean(0)
    for direction in components:
        expected = expected - np.outer((new - reference.mean(0)) @ direction, direction)
    found = sde.fit_all_but_the_top(reference, n_directions=k)(new)
    np.testing.assert_allclose(found, expected, **EXACT)


def test_all_but_the_top_removes_one_in_a_hundred_directions():
    assert sde.fit_all_but_the_top(cloud()).basis.shape == (6, 1)
    assert sde.fit_all_but_the_top(normal(20, 300)).basis.shape == (300, 3)


@pytest.mark.parametrize("k", [1, 4, 6])
def test_pca_truncation_is_that_of_scikit_learn(k):
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    pca = PCA(k).fit(reference)
    found = sde.fit_pca_truncation(reference, n_directions=k)(new)
    np.testing.assert_allclose(found, pca.inverse_transform(pca.transform(new)), **EXACT)


def test_pca_truncation_to_all_directions_changes_nothing():
    x = cloud()
    torch.testing.assert_close(sde.fit_pca_truncation(x, n_directions=6)(x), x, **EXACT)


def test_pca_whitening_is_that_of_scikit_learn():
    reference, new = cloud().numpy(), cloud(9, seed=5).numpy()
    pca = PCA(whiten=True).fit(reference)
    found = sde.fit_whitening(reference, kind="pca", shrinkage=0)
    signs = np.sign(np.sum(found.basis.numpy() * pca.components_.T, axis=0))
    np.testing.assert_allclose(found(new), pca.transform(new) * signs, **EXACT)


def test_zca_whitening_gives_the_identity_and_turns_nothing():
    x = cloud()
    white = sde.fit_whitening(x, shrinkage=0)
    torch.testing.assert_close(covariance(white(x)), torch.eye(6).double(), **EXACT)
    eye = torch.eye(6).double()
    matrix = white(eye + white.mean)
    torch.testing.assert_close(matrix, matrix.T, **EXACT)
    assert float(torch.linalg.eigvalsh(matrix).min()) > 0


@CHECK
@given(st.floats(0.001, 1), st.integers(2, 30))
def test_shrinkage_is_that_of_the_shrunk_covariance(shrinkage, m):
    # Rank deficient for m <= 6: the formula on the whole (n, n) covariance is the reference.
    x = cloud(m)
    full = covariance(x)
    shrunk = (1 - shrinkage) * full + shrinkage * full.trace() / 6 * torch.eye(6)
    values, vectors = torch.linalg.eigh(shrunk)
    new = cloud(9, seed=5)
    expected = (new - x.mean(0)) @ vectors @ torch.diag(values**-0.5) @ vectors.T
    found = sde.fit_whitening(x, shrinkage=shrinkage)(new)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_whitening_drops_directions_without_variance():
    x = cloud(4)
    white = sde.fit_whitening(x, shrinkage=0)(x)
    cov = covariance(white)
    torch.testing.assert_close(cov @ cov, cov, **EXACT)
    assert float(cov.trace()) == pytest.approx(3)
    assert bool(sde.fit_whitening(x, shrinkage=0)(cloud(5, seed=3)).isfinite().all())


@pytest.mark.parametrize("fit", MAPS.values(), ids=MAPS)
class TestEveryMap:
    def test_a_spectrum_is_as_good_as_the_rows(self, fit):
        x = cloud()
        from_rows, from_spectrum = fit(x)(x), fit(sde.compute_spectrum(x))(x)
        torch.testing.assert_close(from_rows, from_spectrum, **EXACT)

    def test_it_is_affine(self, fit):
        x, y = cloud(), cloud(seed=7)
        fitted = fit(x)
        torch.testing.assert_close(
            fitted(0.3 * x + 0.7 * y), 0.3 * fitted(x) + 0.7 * fitted(y), rtol=1e-7, atol=1e-7
        )

    def test_it_follows_a_rotation(self, fit):
        x, turn = cloud(), rotation(6, 9)
        found, turned = fit(x)(x), fit(x @ turn)(x @ turn)
        gram, gram_turned = found @ found.T, turned @ turned.T
        torch.testing.assert_close(gram_turned, gram, **EXACT)

    def test_it_is_saved_bit_for_bit(self, fit, tmp_path):
        fitted = fit(cloud())
        fitted.save(tmp_path / "map.safetensors")
        loaded = sde.LinearMap.load(tmp_path / "map.safetensors")
        new = cloud(5, seed=2)
        assert torch.equal(loaded(new), fitted(new))
        assert (loaded.name, loaded.output) == (fitted.name, fitted.output)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
    def test_it_keeps_the_dtype_and_the_kind(self, fit, dtype):
        x = cloud()
        fitted = fit(x)
        found = fitted(x.to(dtype))
        assert found.dtype == dtype
        torch.testing.assert_close(found, fitted(x.to(dtype).double()).to(dtype), rtol=0, atol=0)
        assert isinstance(fitted(x.numpy()), np.ndarray)

    def test_blocks_change_nothing(self, fit, monkeypatch):
        x = cloud()
        whole = fit(x)(x)
        monkeypatch.setattr("sde_core.shaping.transform.BLOCK_ROWS", 7)
        torch.testing.assert_close(fit(x)(x), whole, **EXACT)

    def test_few_rows_stay_finite(self, fit):
        assert bool(fit(cloud(3))(cloud(3)).isfinite().all())

    def test_another_width_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="6 columns"):
            fit(cloud())(torch.ones(2, 5))

    def test_an_uncentred_spectrum_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="centred"):
            fit(sde.compute_spectrum(cloud(), center=None))


def test_one_reference_row():
    one = cloud(1)
    assert sde.fit_mean_shift(one)(one).tolist() == [[0] * 6]
    assert sde.fit_all_but_the_top(one)(one).tolist() == [[0] * 6]
    torch.testing.assert_close(sde.fit_pca_truncation(one, n_directions=1)(one), one, **EXACT)
    with pytest.raises(sde.DataError, match="constant"):
        sde.fit_whitening(one)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    sde.compute_spectrum(cloud()).save(path)
    with pytest.raises(sde.DataError, match=r"LinearMap\.save"):
        sde.LinearMap.load(path)
    with pytest.raises(sde.DataError, match="cannot read"):
        sde.LinearMap.load(tmp_path / "missing")
    path.write_text("no safetensors")
    with pytest.raises(sde.DataError, match="cannot read"):
        sde.LinearMap.load(path)


# scores


def loop_scores(name, queries, gallery, queries_bank, gallery_bank):
    """Each score as its paper writes it: one query and one gallery item at a time, float64."""

    def nearest(x, bank, k=3):
        return sum(sorted((float(x @ b) for b in bank), reverse=True)[:k]) / k

    table = np.zeros((len(queries), len(gallery)))
    hubs = {int(np.argmax([b @ g for g in gallery])) for b in queries_bank}
    for i, q in enumerate(queries):
        best = int(np.argmax([q @ g for g in gallery]))
        for j, g in enumerate(gallery):
            cosine = float(q @ g)
            softmax = math.exp(20 * cosine) / sum(math.exp(20 * float(b @ g)) for b in queries_bank)
            table[i, j] = {
                "csls": 2 * cosine - nearest(q, gallery_bank) - nearest(g, queries_bank),
                "inverted-softmax": math.log(softmax),
                "dynamic-inverted-softmax": math.log(softmax) if best in hubs else cosine,
                "nnn": cosine - 0.75 * nearest(g, queries_bank),
            }[name]
    return table


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("direction", ["image_retrieval", "text_retrieval"])
def test_scores_are_those_of_the_papers(name, direction):
    image, text = unit_rows(cloud(7), "image"), unit_rows(cloud(8, seed=1), "text")
    banks = unit_rows(cloud(6, seed=2), "image"), unit_rows(cloud(5, seed=3), "text")
    score = SCORES[name](*banks)
    to_image = direction == "image_retrieval"
    queries, gallery = (text, image) if to_image else (image, text)
    queries_bank, gallery_bank = banks[::-1] if to_image else banks
    expected = loop_scores(
        name, *(x.double().numpy() for x in (queries, gallery, queries_bank, gallery_bank))
    )
    # float32 scores of size up to 20: 1e-5 is about ten of their last digits.
    np.testing.assert_allclose(score(gallery, direction)(queries), expected, rtol=1e-5, atol=1e-5)


def test_the_dynamic_score_has_both_kinds_of_queries():
    gallery = torch.eye(3)
    score = sde.fit_dynamic_inverted_softmax(torch.eye(3), torch.eye(3)[:1])
    found = score(gallery, "image_retrieval")(torch.eye(3))
    torch.testing.assert_close(found[1:], torch.eye(3)[1:])
    assert found[0].tolist() != [1, 0, 0]


@pytest.mark.parametrize("fit", SCORES.values(), ids=SCORES)
class TestEveryScore:
    def test_blocks_of_the_bank_change_nothing(self, fit, monkeypatch):
        image, text, links = cloud(40), cloud(60, seed=1), torch.arange(60) % 40
        score = fit(cloud(30, seed=2), cloud(30, seed=3))
        whole = sde.retrieval_ranks(image, text, links, score=score)
        monkeypatch.setattr("sde_core.treatments.scores.BLOCK_ENTRIES", 100)
        blocks = sde.retrieval_ranks(image, text, links, score=score, block_entries=100)
        torch.testing.assert_close(blocks.image_retrieval.best_rank, whole.image_retrieval.best_rank)

    def test_it_does_not_look_at_the_scale_of_the_reference(self, fit):
        image, text = cloud(20), cloud(20, seed=1)
        first, second = fit(image, text), fit(image * 9, text / 9)
        links = torch.arange(20)
        assert sde.retrieval_metrics(image, text, links, score=first) == sde.retrieval_metrics(
            image, text, links, score=second
        )

    def test_it_takes_a_hub_down(self, fit):
        # Image 0 lies where all texts point: the plain cosine gives it to almost every caption.
        n = 60
        image = normal(n, 12, seed=4)
        text = unit_rows(image, "x") + 2 * torch.eye(12)[0] + 0.2 * normal(n, 12, seed=5)
        image[0] = 5 * torch.eye(12)[0]
        score = fit(image, text)
        plain, corrected = (
            sde.hubness(sde.k_occurrence(image, text, direction="image_retrieval", k=1, score=each))
            for each in (sde.cosine_score, score)
        )
        assert corrected < plain
        before, after = (
            sde.retrieval_metrics(image[1:], text[1:], torch.arange(n - 1), score=each)
            for each in (sde.cosine_score, score)
        )
        assert after["image_retrieval_mrr"] > before["image_retrieval_mrr"]

    def test_another_width_is_refused(self, fit):
        with pytest.raises(sde.DataError, match="same width"):
            fit(cloud(), cloud(n=5))
        with pytest.raises(sde.DataError, match="columns of the gallery"):
            sde.retrieval_metrics(torch.eye(3), torch.eye(3), [0, 1, 2], score=fit(cloud(), cloud()))


def aligned(m=80, n=8):
    image = cloud(m, n)
    return image, image + 0.3 * normal(m, n, seed=3) + 1


@pytest.mark.parametrize("name", sde.baseline_names())
def test_every_baseline_by_name_goes_through_one_evaluation(name):
    image, text = aligned()
    fitted = sde.fit_baseline(name, image[40:], text[40:])
    found = sde.metrics_from_ranks(fitted.ranks(image[:40], text[:40], torch.arange(40)))
    raw = sde.retrieval_metrics(image[:40], text[:40], torch.arange(40))
    assert list(found) == list(raw)
    assert (found == raw) == (name == "raw")
    assert found["image_retrieval_recall@10"] > 0.5


def test_a_named_baseline_is_its_function():
    image, text = aligned()
    moved = [sde.fit_whitening(x)(x) for x in (image, text)]
    expected = sde.retrieval_ranks(*moved, torch.arange(80)).text_retrieval.best_rank
    found = sde.fit_baseline("whitening", image, text).ranks(image, text, torch.arange(80))
    assert torch.equal(found.text_retrieval.best_rank, expected)
    pruned = sde.fit_baseline("pca-truncation", image, text)
    partition = sde.partition_spectrum(sde.compute_spectrum(image))
    assert len(pruned.image_map.gains) == max(1, partition.n_strong + partition.n_weak)


def test_a_small_reference_has_fewer_neighbours():
    image, text = aligned(3)
    for name in sde.baseline_names():
        sde.fit_baseline(name, image, text).ranks(image, text, [0, 1, 2])


def test_an_unknown_baseline_lists_the_names():
    with pytest.raises(sde.ConfigError, match=r"raw, mean-shift, .*; got 'magic'"):
        sde.fit_baseline("magic", cloud(), cloud())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: sde.fit_all_but_the_top(cloud(), n_directions=6), r"\[0, 6\)"),
        (lambda: sde.fit_pca_truncation(cloud(), n_directions=0), r"\[1, 6\]"),
        (lambda: sde.fit_pca_truncation(cloud(), n_directions=7), r"\[1, 6\]"),
        (lambda: sde.fit_whitening(cloud(), shrinkage=math.nan), r"\[0, 1\]"),
        (lambda: sde.fit_whitening(cloud(), kind="cholesky"), "'cholesky'"),
        (lambda: sde.fit_whitening(torch.ones(5, 2)), "constant"),
        (lambda: sde.fit_mean_shift([[math.nan]]), "reference must be finite"),
        (lambda: sde.fit_csls(cloud(4), cloud(9), k=5), r"\[1, 4\]"),
        (lambda: sde.fit_nnn(cloud(), cloud(), k=0), r"\[1, 50\]"),
        (lambda: sde.fit_nnn(cloud(), cloud(), alpha=-1.0), "at least 0"),
        (lambda: sde.fit_inverted_softmax(cloud(), cloud(), beta=0.0), "above 0"),
        (lambda: sde.fit_dynamic_inverted_softmax(cloud(), cloud(), beta=math.inf), "above 0"),
        (lambda: sde.fit_nnn(torch.zeros(20, 2), torch.ones(20, 2)), "image must have no row of zeros"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(sde.SDEError, match=sentence):
        call()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same_numbers():
    x = cloud()
    for fit in MAPS.values():
        torch.testing.assert_close(fit(x)(x.cuda()).cpu(), fit(x)(x), **EXACT)
    image, text = unit_rows(cloud(7), "image"), unit_rows(cloud(8, seed=1), "text")
    for fit in SCORES.values():
        score = fit(cloud(), cloud(seed=1))
        found = score(image.cuda(), "image_retrieval")(text.cuda()).cpu()
        torch.testing.assert_close(found, score(image, "image_retrieval")(text), rtol=1e-4, atol=1e-4)
