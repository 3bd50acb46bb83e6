"""What was done to vectors, found again in planted cases."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.parity.verdict import VERDICTS, matrix_parity

WIDTH = 48


def _pool():
    """Real vectors of pictures, mixed down to few features so that a trial takes milliseconds."""
    rows = sde.open_embeddings("clipart").image.astype(np.float64)
    mix = np.random.default_rng(7).normal(size=(rows.shape[1], WIDTH))
    return rows @ mix


def _unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _rotation(rng):
    return np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))[0]


def _levels(x, bits, axis):
    step = np.abs(x).max(axis=axis, keepdims=axis is not None) / (2 ** (bits - 1) - 1)
    return np.round(x / step) * step


def _broken(x, rng):
    y = x.copy()
    rows = rng.permutation(len(x))[: rng.integers(3, 10)]
    kind = rng.integers(3)
    y[rows] = (0.0, np.nan, rng.normal(size=(len(rows), WIDTH)) * x.std())[kind]
    return y, rows


def _some_moved(x, rng):
    y = x.copy()
    rows = rng.permutation(len(x))[: len(x) // 4]
    y[rows] += 0.3 * x.std() * rng.normal(size=(len(rows), WIDTH))
    return y


def _uneven(x, rng):
    """Every row moved by its own amount, as where a preprocessing meets different pictures."""
    return x + x.std() * rng.lognormal(-1.5, 0.6, (len(x), 1)) * rng.normal(size=x.shape)


def _even(x, rng):
    return x @ (np.eye(WIDTH) + 0.05 * rng.normal(size=(WIDTH, WIDTH))) + 0.2 * x.std() * rng.normal(
        size=x.shape
    )  # a change of weights moves all rows alike


PLANTED = (
    ("identical", lambda x, rng: x.astype(np.float32)),
    ("identical", lambda x, rng: x * (1 + 1e-6 * rng.normal(size=x.shape))),
    ("rescaled", lambda x, rng: rng.uniform(1.5, 4) * x),
    ("rescaled", lambda x, rng: _unit(x)),
    ("shifted", lambda x, rng: x + x.std() * rng.normal(size=WIDTH)),
    ("shifted", lambda x, rng: _unit(x - x.mean(0))),
    ("rotated", lambda x, rng: x @ _rotation(rng)),
    ("rotated", lambda x, rng: 3 * x @ _rotation(rng) + 1),
    ("rotated", lambda x, rng: _levels(x, 8, None) @ _rotation(rng)),
    ("quantised 8", lambda x, rng: _levels(x, 8, None)),
    ("quantised 8", lambda x, rng: _levels(x, 8, 0)),
    ("quantised 6", lambda x, rng: _unit(_levels(x, 6, 1))),
    ("quantised 4", lambda x, rng: _levels(x, 4, None)),
    ("quantised 1", lambda x, rng: np.sign(x - x.mean(0))),
    ("quantised 8", lambda x, rng: _bfloat16(x)),
    ("other precision", lambda x, rng: x + 0.005 * x.std() * rng.normal(size=x.shape)),
    ("reordered", lambda x, rng: x[rng.permutation(len(x))]),
    ("broken rows", lambda x, rng: _broken(x, rng)[0]),
    ("truncated captions", _some_moved),
    ("other preprocessing", _uneven),
    ("other checkpoint", _even),
    ("other model", lambda x, rng: np.tanh(x @ rng.normal(size=(WIDTH, WIDTH)) / x.std())),
)


def _bfloat16(x):
    """Keep eight significant bits, rounded to nearest."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


def test_200_planted_cases_are_told_apart():
    pool, rng = _pool(), np.random.default_rng(101)  # the rules were chosen with seed 0
    wrong = []
    for trial in range(200):
        wanted, change = PLANTED[trial % len(PLANTED)]
        x = pool[rng.permutation(len(pool))[: rng.integers(60, 160)]]
        modality = "text" if wanted == "truncated captions" else "image"
        found = matrix_parity(x, change(x, rng), modality=modality)
        said = f"{found.verdict} {found.bits}" if found.verdict == "quantised" else found.verdict
        if said != wanted:
            wrong.append((trial, wanted, found.sentence))
    assert len(wrong) <= 10, "\n".join(map(str, wrong))


def test_the_same_vectors_raise_no_alarm_in_200_trials():
    pool, rng = _pool(), np.random.default_rng(1_101)
    said = []
    for _ in range(200):
        x = pool[rng.permutation(len(pool))[: rng.integers(8, 120)]]
        noise = 10.0 ** rng.uniform(-9, -4.5)  # sums of float32 in another order
        said.append(matrix_parity(x, x + noise * x.std() * rng.normal(size=x.shape)).verdict)
    assert said.count("identical") >= 198


def test_unrelated_rows_are_never_called_related():
    rng = np.random.default_rng(2)
    said = {matrix_parity(*rng.normal(size=(2, 40, 24))).verdict for _ in range(50)}
    assert said <= {"other model", "not enough"}


@pytest.mark.parametrize("n", [2, 7])
def test_too_few_rows_are_not_enough(n):
    x = np.random.default_rng(0).normal(size=(n, 12))
    assert matrix_parity(x, x).verdict == "not enough"


def test_what_no_map_explains_needs_30_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(29, 12))
    found = matrix_parity(x, rng.normal(size=(29, 12)))
    assert found.verdict == "not enough"
    assert "29 rows" in found.sentence


def test_broken_rows_are_named():
    x = np.random.default_rng(0).normal(size=(60, 12))
    y = x.copy()
    y[[3, 17]], y[40] = 0.0, np.inf
    found = matrix_parity(x, y)
    assert (found.verdict, found.odd_rows, found.n_odd) == ("broken rows", (3, 17, 40), 3)


def test_a_minority_of_broken_rows_hides_no_rotation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 12))
    y = x @ np.linalg.qr(rng.normal(size=(12, 12)))[0]
    y[:30] = rng.normal(size=(30, 12))
    found = matrix_parity(x, y)
    assert (found.verdict, found.n_odd) == ("broken rows", 30)
    assert "after it was rotated" in found.detail


def test_the_figures_of_a_similarity_are_those_of_theory():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 12))
    x -= x.mean(0)
    found = matrix_parity(x, 2 * x @ np.linalg.qr(rng.normal(size=(12, 12)))[0]).figures
    assert found["scale"] == pytest.approx(2)
    assert found["spectrum_distance"] == pytest.approx(0, abs=1e-7)
    assert found["neighbours_kept"] == 1
    assert found["mean_distance"] == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_compared_is_refused():
    x = np.ones((9, 4))
    with pytest.raises(DataError, match="same width; got 4 and 3"):
        matrix_parity(x, x[:, :3])
    with pytest.raises(DataError, match="one row for each thing; got 9 and 8 rows"):
        matrix_parity(x, x[:8])
    with pytest.raises(DataError, match="two rows that differ"):
        matrix_parity(x, x)
    with pytest.raises(ConfigError, match="tolerance"):
        matrix_parity(x, x, tolerance=0)


def test_every_verdict_is_planted():
    planted = {
        wanted.removesuffix(wanted.lstrip("abcdefghijklmnopqrstuvwxyz ")).strip() for wanted, _ in PLANTED
    }
    assert planted | {"not enough"} == set(VERDICTS)
