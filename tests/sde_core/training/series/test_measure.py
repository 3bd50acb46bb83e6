"""A checkpoint against the first: what a rotation, the loss of a band and nothing at all do to each number."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.training.series import measure_series
from sde_core.vocabulary import MODALITIES


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def made():
    """A set with three strong directions, the same again, rotated, and with its strong directions faint."""
    numbers = np.random.default_rng(0)
    z = numbers.normal(size=(400, 20))
    z[:, :3] *= 6
    text = z + 0.3 * numbers.normal(size=z.shape)
    turn = np.linalg.qr(numbers.normal(size=(20, 20)))[0]
    without = np.ones(20)
    without[:3] = 0.02
    ways = [np.eye(20), np.eye(20), turn, np.diag(without)]
    captions = [f"caption {i}" for i in range(400)]
    return [
        sde.EmbeddingSet.from_arrays(_unit(z @ way), _unit(text @ way), captions=captions) for way in ways
    ]


def test_the_same_vectors_are_no_change_and_a_rotation_only_turns(made):
    start, same, turned, without = measure_series(made, [0, 1, 2, 3])
    for modality in MODALITIES:
        name = modality.value
        assert start.cka[name] == same.cka[name] == pytest.approx(1)
        assert max(same.angles[name]) < 1e-6
        assert same.in_first_bands[name] == pytest.approx(start.look.side(modality).energy_shares(), abs=1e-6)
        assert turned.cka[name] == pytest.approx(1, abs=1e-5)  # rotations keep it
        assert max(turned.angles[name]) > 0.5
        assert turned.in_first_bands[name]["strong"] < 0.5 * start.in_first_bands[name]["strong"]
        assert without.in_first_bands[name]["strong"] < 0.02
        assert sum(without.in_first_bands[name].values()) == pytest.approx(1)
        assert without.cka[name] < 0.7
    assert turned.recall == pytest.approx(start.recall)
    assert turned.look.recall_image == turned.recall["image_retrieval_recall@1"]
    assert without.look.image.effective_rank > start.look.image.effective_rank


def test_sets_of_other_pairs_are_refused(made):
    captions = [f"another {i}" for i in range(400)]
    other = sde.EmbeddingSet.from_arrays(made[0].image, made[0].text, captions=captions, name="other")
    with pytest.raises(sde.DataError, match="other must hold the pairs of"):
        measure_series([made[0], other], [1, 2])
    with pytest.raises(sde.DataError, match="two sets or more"):
        measure_series(made[:1], [1])
