"""Baselines by name."""

import math

import pytest
import torch

import sde_core as sde
from sde_core.checks.sphere import unit_rows
from sde_core.treatments.table import baseline_term
from tests.sde_core.treatments.clouds import EXACT, MAPS, SCORES, aligned, cloud


@pytest.mark.parametrize("name", sde.baseline_names())
def test_every_baseline_by_name_goes_through_one_evaluation(name):
    image, text = aligned()
    fitted = sde.fit_baseline(name, image[40:], text[40:], paired=(image[40:], text[40:]))
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


def test_every_baseline_says_what_it_does_in_its_own_words():
    told = {name: baseline_term(name) for name in sde.baseline_names()}
    assert "raw" in told
    assert len(set(told.values())) == len(told)


def test_csls_takes_ten_neighbours():
    image, text = aligned()
    links = torch.arange(80)
    found = sde.fit_baseline("csls", image, text).ranks(image, text, links).text_retrieval.best_rank
    by_k = {
        k: sde.retrieval_ranks(
            image, text, links, score=sde.fit_csls(image, text, k=k)
        ).text_retrieval.best_rank
        for k in (9, 10)
    }
    assert torch.equal(found, by_k[10])
    assert not torch.equal(found, by_k[9])


CENTRED = ("mean-shift", "all-but-the-top", "whitening", "procrustes", "cca")


@pytest.mark.parametrize("side", ["image", "text"])
@pytest.mark.parametrize("count", [1, 60])
def test_what_takes_the_mean_off_says_that_nothing_would_be_left_of_equal_rows(side, count):
    rows = {
        name: torch.randn(count, 8, generator=torch.Generator().manual_seed(0)) for name in ("image", "text")
    }
    rows[side] = torch.randn(1, 8).expand(count, 8)  # their mean is rounded: what is left is not exactly zero
    paired, other = (rows["image"], rows["text"]), side if count > 1 else "image"
    for name in CENTRED:
        with pytest.raises(sde.DataError, match=rf"{other} must hold different rows where {name} is fitted"):
            sde.fit_all(**rows, paired=paired, names=[name])
    others = [name for name in sde.comparison_names() if name not in CENTRED]
    for treatment in sde.fit_all(**rows, paired=paired, names=others):
        assert treatment.ranks(*paired, torch.arange(count)).text_retrieval.n_gallery == count


def test_a_row_of_which_a_map_leaves_nothing_is_named():
    image = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 4.0], [2.0, -4.0]])
    fitted = sde.fit_baseline("mean-shift", image, image)
    asked = torch.tensor([[1.0, 1.0], [2.0, 0.0]])
    with pytest.raises(
        sde.DataError, match=r"^mean-shift must leave something of each text; of row 1 nothing is left"
    ):
        fitted.ranks(image, asked, [0, 1])


@pytest.mark.parametrize("rows", [2, 60])
def test_one_column_has_every_row_of_the_table(rows):
    generator = torch.Generator().manual_seed(0)
    image, text = torch.randn(rows, 1, generator=generator), torch.randn(rows, 1, generator=generator)
    fitted = sde.fit_all(image, text, paired=(image, text))
    table = sde.compare_retrieval(image + 5, text - 5, torch.arange(rows), fitted)
    assert [row.name for row in table] == list(sde.comparison_names())
