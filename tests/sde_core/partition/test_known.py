"""Rule "known": what knows the columns is signal, the fewest that hold most are strong."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.knowledge import KnownRule, band_knowledge
from sde_core.partition.known import _fewest


@pytest.fixture(scope="module")
def planted():
    """Directions 1 and 4 know `kind`, 1 holding nine tenths of it; 2 knows `other`; the rest knows nothing."""
    rng = np.random.default_rng(0)
    n = 2000
    kind, other = rng.integers(0, 2, n), rng.integers(0, 2, n)
    x = rng.normal(size=(n, 7)) * np.linspace(3, 1, 7)
    x[:, 1] += 6 * kind
    x[:, 4] += 2 * kind
    x[:, 2] += 3 * other
    found = sde.EmbeddingSet.from_arrays(x, x + 0.1 * rng.normal(size=x.shape))
    mean = found.image.mean(axis=0)
    spectrum = sde.Spectrum(
        singular_values=torch.from_numpy(np.linalg.norm(found.image - mean, axis=0)),
        basis=torch.eye(7, dtype=torch.float64),
        mean=torch.from_numpy(mean),
        n_samples=n,
        n_features=7,
        route="gram",
    )
    return (
        found,
        spectrum,
        band_knowledge(
            found, {"kind": kind.astype(str), "other": other.astype(str)}, spectrum=spectrum, n_resamples=0
        ),
    )


def labels_of(spectrum, rule, **more):
    return sde.partition_spectrum(spectrum, rule, **more).labels.tolist()


def test_noise_is_what_knows_nothing_and_strong_are_the_fewest(planted):
    _, spectrum, known = planted
    assert labels_of(spectrum, KnownRule(known=known, columns=["kind"])) == [2, 0, 2, 2, 1, 2, 2]
    assert labels_of(spectrum, KnownRule(known=known, columns=["kind"], share=1.0)) == [2, 0, 2, 2, 0, 2, 2]
    other = labels_of(spectrum, KnownRule(known=known, columns=["other"]))
    assert other[2] == 0
    assert other.count(2) >= 5  # one false discovery in twenty is allowed for
    both = labels_of(spectrum, KnownRule(known=known))
    assert [both[j] for j in (1, 2, 4)] == [0, 0, 1]


def test_without_columns_the_pairs_are_asked(planted):
    found, spectrum, _ = planted
    partition = sde.partition_spectrum(spectrum, KnownRule(), paired=found.paired())
    assert partition.rule == "known"
    assert 2 not in partition.labels.tolist()
    held = spectrum.singular_values.square()
    strong = held[partition.labels == 0].sum() / held.sum()
    assert float(strong) >= 0.79  # texts are images and a little noise: the covariance is the energy
    with pytest.raises(sde.DataError, match="needs pairs"):
        sde.partition_spectrum(spectrum, KnownRule())


def test_bad_input_is_named(planted):
    _, spectrum, known = planted
    with pytest.raises(sde.ConfigError, match="share must lie"):
        KnownRule(share=0.0)
    with pytest.raises(sde.DataError, match="column must be one of kind, other; got 'age'"):
        KnownRule(known=known, columns=["age"])
    with pytest.raises(sde.ConfigError, match="columns must come with known"):
        KnownRule(columns=["kind"])
    with pytest.raises(sde.DataError, match="7 directions"):
        KnownRule(known=band_knowledge(open_named("emoji"), ["style"], n_resamples=0))(spectrum, None)


def test_on_the_emoji_few_directions_hold_what_tells_groups_apart():
    emoji = open_named("emoji")
    spectrum = sde.compute_spectrum(emoji.image, center="mean")
    known = band_knowledge(emoji, ["group"], spectrum=spectrum, n_resamples=0)
    found = sde.partition_spectrum(spectrum, KnownRule(known=known, columns=["group"]))
    assert known["group"].shares(found.labels)[0] == pytest.approx(0.8, abs=0.1)
    assert found.n_strong < 9
    assert found.n_noise == 192 - int(known["group"].significant.sum())


def test_the_fewest_are_told_by_what_they_hold():
    """Closed forms: shares of 8, 4, 2, 1 and 0 fifteenths, not in order; one cut meets its share exactly."""
    held = torch.tensor([1.0, 4.0, 0.0, 8.0, 2.0], dtype=torch.float64)
    assert _fewest(held, 8 / 15).tolist() == [False, False, False, True, False]
    assert _fewest(held, 8 / 15 + 0.01).tolist() == [False, True, False, True, False]
    assert (
        _fewest(1e3 * held, 0.9).tolist() == _fewest(held, 0.9).tolist() == [False, True, False, True, True]
    )
    assert _fewest(held, 1.0).tolist() == [True, True, False, True, True]
    assert _fewest(0 * held, 0.5).tolist() == [False] * 5


def test_where_no_column_is_known_all_is_noise(planted):
    found, spectrum, _ = planted
    luck = np.random.default_rng(5).integers(0, 2, found.n_images).astype(str)
    nothing = band_knowledge(found, {"luck": luck}, spectrum=spectrum, n_resamples=0)
    assert nothing["luck"].says_nothing
    partition = sde.partition_spectrum(spectrum, KnownRule(known=nothing))
    assert partition.labels.tolist() == [2] * 7
    assert "no direction knows any" in partition.note


def test_without_columns_strong_is_by_covariance_not_by_size():
    """Covariances of about 9, 4, 1 and 8, the last between a large image and a small text."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(3000, 4)) * [3.0, 2.0, 1.0, 0.0]
    image, text = shared.copy(), shared.copy()
    image[:, 3] = 9 * rng.normal(size=3000)
    text[:, 3] = 0.1 * image[:, 3] + rng.normal(size=3000)
    spectrum = sde.Spectrum(
        singular_values=torch.from_numpy(np.linalg.norm(image - image.mean(0), axis=0)),
        basis=torch.eye(4, dtype=torch.float64), mean=torch.from_numpy(image.mean(0)), n_samples=3000,
        n_features=4, route="gram",
    )  # fmt: skip
    labels = labels_of(
        spectrum, KnownRule(share=0.7), paired=(torch.from_numpy(image), torch.from_numpy(text))
    )
    assert labels == [0, 1, 1, 0]
