"""How values of a column are read: as categories, numbers, or gaps."""

import numpy as np
import pytest

from sde_core.knowledge.columns import Column, standardised


def test_whole_numbers_of_few_values_are_categories_even_as_floats():
    few = np.repeat([1.0, 2.0, 3.0], 20)
    assert Column.of("stars", few).kind == "category"
    assert Column.of("stars", few + 0.5).kind == "number"
    assert Column.of("stars", np.arange(60.0)).kind == "number"


@pytest.mark.parametrize("gap", [np.nan, None, ""], ids=["NaN", "None", "empty"])
def test_a_gap_is_no_category_of_its_own(gap):
    values = np.array([1.0, gap, 2.0, 1.0]) if gap is not None and gap != "" else ["1.0", gap, "2.0", "1.0"]
    column = Column.of("stars", values, "category")
    assert column.values == ("1.0", "2.0")
    assert column.codes.tolist() == [0, -1, 1, 0]


def test_standardised_numbers_have_mean_0_and_deviation_1_and_what_does_not_vary_is_0():
    numbers = np.array([[1.0, 7.0], [2.0, 7.0], [np.nan, 7.0], [6.0, 7.0]])
    found = standardised(numbers)
    known = found[[0, 1, 3], 0]
    np.testing.assert_allclose([known.mean(), known.std()], [0, 1], atol=1e-15)
    assert np.isnan(found[2, 0])
    np.testing.assert_array_equal(found[:, 1], 0)
