"""What a column knows beyond another one: a planted confound goes, what is its own stays."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.knowledge import band_knowledge


def confounded(n=3000, seed=1):
    """`cause` moves direction 0; `shadow` follows `cause` in four of five rows and moves direction 3 by itself."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, 5, n)
    shadow = np.where(rng.random(n) < 0.8, cause, rng.integers(0, 5, n))
    x = rng.normal(size=(n, 8))
    x[:, 0] += 2 * (cause - 2)
    x[:, 3] += np.array([1.0, -1.0, 0.5, -0.5, 0.0])[shadow]
    scale = np.linspace(6, 1, 8)
    base = sde.EmbeddingSet.from_arrays(x * scale, x * scale)
    return base, {
        "cause": cause.astype(str),
        "shadow": shadow.astype(str),
        "size": cause + rng.normal(size=n),
    }


@pytest.fixture(scope="module")
def axes():
    """The directions of the planted set are its own axes, so that each holds one thing."""
    base, columns = confounded()
    mean = base.image.mean(axis=0)
    spectrum = sde.Spectrum(
        singular_values=torch.from_numpy(np.linalg.norm(base.image - mean, axis=0)),
        basis=torch.eye(8, dtype=torch.float64),
        mean=torch.from_numpy(mean),
        n_samples=len(base.image),
        n_features=8,
        route="gram",
    )
    return base, columns, spectrum


def test_a_planted_confound_goes_and_what_is_its_own_stays(axes):
    base, columns, spectrum = axes
    alone = band_knowledge(base, columns, spectrum=spectrum)
    beyond = band_knowledge(base, columns, spectrum=spectrum, given="cause")
    assert beyond.given == "cause"
    assert float(alone["shadow"].known[0]) > 0.5
    assert abs(float(beyond["shadow"].known[0])) < 0.005
    assert not bool(beyond["shadow"].significant[0])
    assert bool(beyond["shadow"].significant[3])
    assert beyond["cause"].reason == "it is the column that was taken off"
    assert beyond["shadow"].kind == "category"
    assert beyond["shadow"].n_values == 5
    assert len(beyond["shadow"].resampled) == 200


@pytest.mark.parametrize("name", ["shadow", "size"])
def test_it_is_the_squared_partial_correlation_of_two_regressions(axes, name):
    base, columns, spectrum = axes
    beyond = band_knowledge(base, columns, spectrum=spectrum, given="cause", n_resamples=0)[name]
    z = base.image.astype(np.float64) - base.image.mean(axis=0)
    first = (np.asarray(columns["cause"])[:, None] == np.unique(columns["cause"])).astype(float)
    if name == "size":
        more, p = np.asarray(columns["size"])[:, None], 1
    else:
        more, p = (np.asarray(columns[name])[:, None] == np.unique(columns[name])[1:]).astype(float), 4

    def left(design):
        return ((z - design @ np.linalg.lstsq(design, z, rcond=None)[0]) ** 2).sum(axis=0)

    raw = 1 - left(np.hstack([first, more])) / left(first)
    n = len(z) - 4
    np.testing.assert_allclose(beyond.known.numpy(), 1 - (1 - raw) * (n - 1) / (n - 1 - p), atol=1e-6)
    np.testing.assert_allclose(beyond.energy.numpy(), left(first), rtol=1e-6)


def test_of_a_column_that_goes_with_the_given_one_nothing_is_left(axes):
    base, columns, spectrum = axes
    again = np.char.add("again ", columns["cause"])
    beyond = band_knowledge(base, columns | {"again": again}, spectrum=spectrum, given="cause")
    assert beyond["again"].says_nothing
    assert beyond["again"].reason


def test_shuffled_columns_know_nothing_beyond_another_one_in_95_of_100(axes):
    base, columns, spectrum = axes
    rng = np.random.default_rng(2)
    asked = {"cause": columns["cause"]} | {f"c{i}": rng.permutation(columns["shadow"]) for i in range(200)}
    beyond = band_knowledge(base, asked, spectrum=spectrum, given="cause", n_resamples=0)
    from sde_core.knowledge.explained import false_discoveries

    said = [bool(false_discoveries(c.p_value, 0.05).any()) for c in beyond.columns[1:]]
    assert np.mean(said) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)  # two standard errors of 200 trials


def test_groups_of_the_emoji_tell_nothing_beyond_their_subgroups_and_subgroups_do_beyond_groups():
    emoji = open_named("emoji")
    fine = band_knowledge(emoji, ["group", "subgroup"], given="group", n_resamples=0)["subgroup"]
    coarse = band_knowledge(emoji, ["group", "subgroup"], given="subgroup", n_resamples=0)["group"]
    assert not fine.says_nothing
    assert coarse.says_nothing


def test_a_given_column_that_cannot_be_taken_off_is_named(axes):
    base, columns, spectrum = axes
    with pytest.raises(sde.DataError, match="given must be one of cause, shadow, size; got 'colour'"):
        band_knowledge(base, columns, spectrum=spectrum, given="colour")
    one = columns | {"one": np.full(len(base.image), "a")}
    beyond = band_knowledge(base, one, spectrum=spectrum, given="one")
    assert "one, which was to be taken off, says nothing: it has one value only" in beyond["cause"].reason


def test_leverages_are_those_of_the_two_hat_matrices():
    from sde_core.knowledge.given import leverages_beyond

    rng = np.random.default_rng(0)
    numbers, weights = rng.normal(size=(30, 4)), rng.uniform(0.5, 2, size=30)

    def hat(columns):
        design = np.sqrt(weights)[:, None] * np.hstack([np.ones((30, 1)), columns])
        return (design @ np.linalg.pinv(design)).diagonal()

    rows, parameters, squares = leverages_beyond(numbers, weights, 1)
    np.testing.assert_allclose([rows, parameters], [weights.sum() - 1, 3])
    np.testing.assert_allclose(squares, ((hat(numbers) - hat(numbers[:, :1])) ** 2).sum(), rtol=1e-10)
