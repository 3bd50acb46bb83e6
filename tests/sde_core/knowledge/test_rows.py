"""Which values each row inherits, with what weight, and in which part it lies."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.knowledge.rows import N_PARTS, rows_of, twin_groups
from sde_core.vocabulary import Modality

LINKS = [(0, 1), (1, 0), (1, 2), (3, 3), (3, 0)]


def linked(n_images=5, n_texts=4):
    rng = np.random.default_rng(0)
    return sde.EmbeddingSet.from_arrays(
        rng.normal(size=(n_images, 6)).astype(np.float32),
        rng.normal(size=(n_texts, 6)).astype(np.float32),
        LINKS,
    )


def test_images_have_their_own_values():
    made = linked()
    rows = rows_of(made, Modality.IMAGE, inherit=False, twins=None, seed=0)
    np.testing.assert_array_equal(rows.vectors, made.image)
    assert rows.entry_row.tolist() == rows.entry_item.tolist() == [0, 1, 2, 3, 4]
    assert rows.entry_weight.tolist() == [1.0] * 5


def test_texts_inherit_from_their_images_in_equal_parts():
    rows = rows_of(linked(), Modality.TEXT, inherit=True, twins=None, seed=0)
    entries = list(
        zip(rows.entry_row.tolist(), rows.entry_item.tolist(), rows.entry_weight.tolist(), strict=True)
    )
    assert entries == [(0, 1, 1.0), (1, 0, 0.5), (1, 2, 0.5), (3, 0, 0.5), (3, 3, 0.5)]


def test_twins_are_what_links_connect():
    made = linked()
    image, text = twin_groups(made, Modality.IMAGE), twin_groups(made, Modality.TEXT)
    assert image[0] == image[2] == image[3] == text[1] == text[3]
    assert image[1] == text[0]
    assert len({image[0], image[1], image[4], text[2]}) == 4


def test_near_twins_share_a_part_and_parts_are_as_even_as_groups_allow():
    rng = np.random.default_rng(1)
    made = sde.EmbeddingSet.from_arrays(*rng.normal(size=(2, 300, 4)).astype(np.float32))
    twins = np.array([f"g{i // 2}" for i in range(300)])
    rows = rows_of(made, Modality.IMAGE, inherit=False, twins=twins, seed=3)
    assert rows.n_parts == N_PARTS == 64
    assert (rows.part[::2] == rows.part[1::2]).all()
    assert len(np.unique(rows.twins)) == 150
    sizes = np.bincount(rows.part, minlength=64) // 2
    assert sizes.sum() == 150
    assert set(sizes) == {2, 3}  # 150 groups in 64 parts
    again = rows_of(made, Modality.IMAGE, inherit=False, twins=twins, seed=3)
    other = rows_of(made, Modality.IMAGE, inherit=False, twins=twins, seed=4)
    np.testing.assert_array_equal(rows.part, again.part)
    assert (rows.part != other.part).any()


def test_few_groups_make_few_parts():
    rows = rows_of(linked(), Modality.IMAGE, inherit=False, twins=[0, 0, 1, 1, 1], seed=0)
    assert rows.n_parts == 2
    assert rows.twins.tolist() == [0, 0, 1, 1, 1]
    assert sorted(np.unique(rows.part)) == [0, 1]


@pytest.mark.parametrize("twins", [[0, 1], [[0] * 5]])
def test_twins_have_a_label_for_each_row(twins):
    with pytest.raises(sde.DataError, match="twins must have one label for each of 5 rows; got shape"):
        rows_of(linked(), Modality.IMAGE, inherit=False, twins=twins, seed=0)


def test_vectors_are_not_copied_so_that_a_memory_map_stays_one():
    made = linked()
    for side in Modality:
        rows = rows_of(made, side, inherit=False, twins=None, seed=0)
        assert np.shares_memory(rows.vectors, made.vectors(side))
