"""What can be read out of bands: the probe is scikit-learn's, twins raise nothing, disagreements are told."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge, RidgeClassifierCV

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.knowledge import band_knowledge, band_readout
from sde_core.knowledge.probe import STRENGTHS, fit_ridge_probe
from sde_core.knowledge.twin_labels import twin_labels
from sde_core.partition.manual import ManualRule
from sde_core.vocabulary import Modality
from tests.sde_core.knowledge.made import made


def _set(image, captions=None, **metadata):
    captions = captions or [f"caption {i}" for i in range(len(image))]
    return made(image, captions=captions, seed=9, **metadata)


def _bands(x, n_strong, n_weak):
    """Return spectrum and partition of these rows with so many strong and weak directions."""
    spectrum = sde.compute_spectrum(x.astype(np.float32), center="mean")
    s = spectrum.singular_values
    rule = ManualRule(
        tau_strong=float(s[n_strong - 1 : n_strong + 1].mean()),
        tau_noise=float(s[n_strong + n_weak - 1 : n_strong + n_weak + 1].mean()),
    )
    return spectrum, sde.partition_spectrum(spectrum, rule)


def test_the_probe_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 7)) * np.linspace(1, 5, 7)
    label = np.argmax(x[:, :3] + 2 * rng.normal(size=(120, 3)), axis=1)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = RidgeClassifierCV(alphas=STRENGTHS).fit(scaled, label)
    mine = fit_ridge_probe(torch.from_numpy(x), torch.eye(3).double()[label])
    assert mine.strength == theirs.alpha_
    np.testing.assert_array_equal(mine(torch.from_numpy(x)).argmax(dim=1).numpy(), theirs.predict(scaled))
    y = x @ rng.normal(size=(7, 2)) + rng.normal(size=(120, 2))
    mine = fit_ridge_probe(torch.from_numpy(x), torch.from_numpy(y), strengths=(10.0,))
    np.testing.assert_allclose(
        mine(torch.from_numpy(x)).numpy(), Ridge(alpha=10.0).fit(scaled, y).predict(scaled), atol=1e-10
    )


@pytest.fixture(scope="module")
def planted():
    """Column `coarse` in the first two directions, `hidden` in a band of little variance, a number in the third."""
    rng = np.random.default_rng(1)
    n, d = 1500, 30
    coarse, hidden = rng.integers(0, 4, n), rng.integers(0, 2, n)
    z = rng.normal(size=(n, d)) * np.concatenate([[9, 8, 5, 4], np.linspace(1.5, 1, d - 4)])
    z[:, :2] += 16 * rng.normal(size=(4, 2))[coarse]
    z[:, 10:] += 0.5 * (2 * hidden - 1)[:, None]
    z[:, 1] += 2.0 * (2 * hidden - 1)
    number = z[:, 2] + rng.normal(size=n)
    found = _set(z, coarse=coarse.astype(str), hidden=hidden.astype(str), number=number)
    return found, *_bands(z, 2, 2)


def test_bands_read_what_was_planted_in_them(planted):
    found, spectrum, partition = planted
    read = band_readout(found, spectrum=spectrum, partition=partition, n_rotations=4)
    coarse = read["coarse"]
    assert float(coarse.probe[0]) > 0.6
    assert abs(float(coarse.probe[1]) - coarse.largest) < 0.1
    assert float(coarse.neighbours[0]) > 0.5
    assert float(coarse.neighbours[1]) == pytest.approx(coarse.chance, abs=0.05)
    # The strong directions hold most of the variance, so they shine into any random plane.
    assert float(coarse.probe_rotated[:, 1].mean()) > float(coarse.probe[1]) + 0.1
    assert float(read["number"].probe[1]) > 0.8
    assert abs(float(read["number"].probe[2])) < 0.1
    assert read.widths == (2, 2, 26)
    assert list(read.to_frame().columns[:3]) == ["column", "band", "width"]
    assert set(read.as_dict()["columns"]) == {"coarse", "hidden", "number"}
    again = band_readout(found, spectrum=spectrum, partition=partition, n_rotations=4)
    assert again.as_dict() == read.as_dict()


def test_one_sentence_where_a_share_of_variance_and_a_probe_disagree(planted):
    found, spectrum, partition = planted
    known = band_knowledge(found, spectrum=spectrum, partition=partition, n_resamples=0)
    read = band_readout(found, spectrum=spectrum, partition=partition, n_rotations=0)
    said = read.disagreements(known)
    assert [sentence.split(":")[0] for sentence in said] == ["hidden"]
    assert "yet a probe reads" in said[0]


@pytest.mark.parametrize("by", ["captions", "vectors", "concept"])
def test_twins_planted_across_the_split_raise_no_number(by):
    rng = np.random.default_rng(2)
    n, copies, d = 150, 4, 12
    concept = np.repeat(np.arange(n), copies)
    value = rng.integers(0, 5, n).astype(str)[concept]  # nothing but the concept itself says it
    x = rng.normal(size=(n, d))[concept] + 0.01 * rng.normal(size=(n * copies, d))
    found = _set(x, captions=[f"Concept  {c}" for c in concept], value=value, concept=concept.astype(str))
    spectrum, partition = _bands(x, 4, 4)
    apart = band_readout(found, ["value"], spectrum=spectrum, partition=partition, twins=by, n_rotations=1)[
        "value"
    ]
    assert apart.n_test > 150
    error = np.sqrt(0.2 * 0.8 / (n * 0.3))  # of the groups of the test: a row more a group says nothing new
    assert float((apart.probe - apart.largest).max()) < 3 * error
    assert float((apart.neighbours - apart.chance).abs().max()) < 3 * error
    # Each row for itself, neighbours are copies.
    blind = band_readout(
        found, ["value"], spectrum=spectrum, partition=partition, twins=np.arange(n * copies), n_rotations=0
    )["value"]
    assert float(blind.neighbours[0]) > 0.4


def test_texts_inherit_and_gaps_are_left_out():
    rng = np.random.default_rng(3)
    n = 400
    value = rng.integers(0, 2, n)
    text = rng.normal(size=(n, 6))
    text[:, 0] += 4 * value
    base = sde.EmbeddingSet.from_arrays(rng.normal(size=(n, 6)), text, captions=[f"c {i}" for i in range(n)])
    words = np.where(rng.random(n) < 0.2, "", value.astype(str))
    found = sde.EmbeddingSet(
        image=base.image,
        text=base.text,
        links=base.links,
        image_ids=base.image_ids,
        captions=base.captions,
        metadata={"value": words, "one": np.full(n, "x")},
    )
    spectrum, partition = _bands(text, 1, 2)
    read = band_readout(found, side="text", spectrum=spectrum, partition=partition, n_rotations=0)
    assert float(read["value"].probe[0]) > 0.9
    assert read["value"].n_train + read["value"].n_test == int((words != "").sum())
    assert read["one"].reason == "it has one value only"


def test_an_empty_band_is_nan_and_many_rows_are_a_sample():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 5))
    found = _set(x, value=rng.integers(0, 3, 300).astype(str))
    spectrum = sde.compute_spectrum(found.image, center="mean")
    top = float(spectrum.singular_values[0])
    partition = sde.partition_spectrum(spectrum, ManualRule(tau_strong=2 * top, tau_noise=2 * top))
    read = band_readout(found, spectrum=spectrum, partition=partition, n_rotations=0)
    assert torch.isnan(read["value"].probe[:2]).all()
    assert torch.isfinite(read["value"].probe[2])


def test_bad_input_is_one_sentence():
    x = np.random.default_rng(0).normal(size=(40, 4))
    found = _set(x, value=np.arange(40) % 2)
    with pytest.raises(ConfigError, match="side must be image or text"):
        band_readout(found, side="sound")
    with pytest.raises(DataError, match="twins must be one of captions, links, vectors, value; got 'style'"):
        band_readout(found, twins="style")
    with pytest.raises(DataError, match="one label for each of 40 rows"):
        band_readout(found, twins=np.zeros(3))
    with pytest.raises(DataError, match="column must be one of value"):
        band_readout(found, n_rotations=0)["style"]


def test_twins_by_a_column_leave_gaps_alone():
    x = np.random.default_rng(0).normal(size=(5, 4))
    found = _set(x, kind=["a", "", "a", "", "b"])
    labels = twin_labels(found, Modality.IMAGE, "kind", np.arange(5))
    assert labels[0] == labels[2]
    assert len(set(labels.tolist())) == 4
