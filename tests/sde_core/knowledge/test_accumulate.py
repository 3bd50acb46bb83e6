"""Sums of single precision are those of double, however many there are and however unevenly the rows are dealt."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.knowledge.accumulate import Rows, accumulated
from sde_core.knowledge.columns import Column
from sde_core.knowledge.rows import rows_of
from sde_core.vocabulary import Modality
from tests.sde_core.knowledge.made import made


@pytest.mark.parametrize(
    ("n_values", "share_of_first"), [(3, 0), (40, 0), (40, 0.95)], ids=["few", "many", "one has nearly all"]
)
def test_sums_of_every_value_and_part(n_values, share_of_first):
    rng = np.random.default_rng(0)
    n = 9_000  # more than one block
    x = rng.normal(size=(n, 5)).astype(np.float32)
    values = np.where(rng.random(n) < share_of_first, 0, rng.integers(0, n_values, n))
    embeddings, spectrum = made(x), sde.compute_spectrum(x, center="mean")
    rows = rows_of(embeddings, Modality.IMAGE, inherit=False, twins=None, seed=0)
    [found] = accumulated(rows, [Column.of("value", values.astype(str))], spectrum)
    assert found.sums.shape == (rows.n_parts, n_values, 5)
    vectors = torch.from_numpy(embeddings.image).double()
    along = ((vectors - spectrum.mean) @ spectrum.basis.double()).numpy()
    codes = np.unique(values.astype(str), return_inverse=True)[1]
    sums, squares = np.zeros(found.sums.shape), np.zeros(found.squares.shape)
    np.add.at(sums, (rows.part, codes), along)
    np.add.at(squares, rows.part, along**2)
    # Of a thousand numbers of size 1, each with an error of 6e-8, added one after another.
    np.testing.assert_allclose(found.sums.numpy(), sums, atol=1e-3)
    np.testing.assert_allclose(found.squares.numpy(), squares, rtol=1e-5)
    np.testing.assert_array_equal(found.weight.numpy().sum(axis=0), np.bincount(codes))


def test_a_number_counts_with_the_weight_of_its_entry():
    rng = np.random.default_rng(1)
    x, numbers = rng.normal(size=(40, 4)), rng.normal(size=40)
    items = rng.integers(0, 40, size=(40, 2))  # each row has two values, of a quarter and three quarters
    weight = np.tile([0.25, 0.75], 40)
    rows = Rows(
        vectors=x,
        entry_row=np.repeat(np.arange(40), 2),
        entry_item=items.ravel(),
        entry_weight=weight,
        twins=np.arange(40),
        part=np.zeros(40, dtype=np.int64),
        n_parts=1,
    )
    spectrum = sde.compute_spectrum(x, center="mean")
    [found] = accumulated(rows, [Column.of("size", numbers)], spectrum)
    number = (numbers - numbers.mean()) / numbers.std()
    along = ((torch.from_numpy(x) - spectrum.mean) @ spectrum.basis).numpy()
    mine = (number[items] * [0.25, 0.75]).sum(axis=1)
    np.testing.assert_allclose(found.products[0, 0].numpy(), mine @ along, atol=1e-10)
    both = (number[items] ** 2 * [0.25, 0.75]).sum()
    np.testing.assert_allclose(found.design[0].numpy(), [[both, mine.sum()]], atol=1e-10)
