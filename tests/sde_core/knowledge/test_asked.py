"""Which columns are of images and which of texts, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.knowledge import Column
from sde_core.knowledge.asked import asked_columns, asked_side, given_column
from sde_core.vocabulary import Modality


def made(n_images=4, n_texts=6):
    rng = np.random.default_rng(0)
    links = [(i, i % n_images) for i in range(n_texts)]
    image, text = (rng.normal(size=(n, 3)).astype(np.float32) for n in (n_images, n_texts))
    metadata = {"kind": np.array(["a", "b"] * n_images)[:n_images], "size": np.arange(n_images)}
    return replace(sde.EmbeddingSet.from_arrays(image, text, links), metadata=metadata)


def names(columns):
    return [[column.name for column in group] for group in columns]


def test_the_metadata_is_of_the_images():
    assert names(asked_columns(made(), None, Modality.IMAGE)) == [["kind", "size"], []]
    assert names(asked_columns(made(), ["size"], Modality.TEXT)) == [["size"], []]
    assert names(asked_columns(made(), {"size": None, "kind": "category"}, Modality.IMAGE)) == [
        ["size", "kind"],
        [],
    ]


def test_values_of_ones_own_are_of_the_side_whose_rows_they_count():
    asked = {"mine": np.arange(4), "words": np.arange(6)}
    assert names(asked_columns(made(), asked, Modality.TEXT)) == [["mine"], ["words"]]
    with pytest.raises(sde.DataError, match="column words must have a value for each of 4 images; got 6"):
        asked_columns(made(), asked, Modality.IMAGE)
    with pytest.raises(
        sde.DataError, match="column x must have a value for each of 4 images or 6 texts; got 5"
    ):
        asked_columns(made(), {"x": np.arange(5)}, Modality.TEXT)


def test_as_many_images_as_texts_ask_the_texts_first():
    assert names(asked_columns(made(4, 4), {"x": np.arange(4)}, Modality.TEXT)) == [[], ["x"]]
    assert names(asked_columns(made(4, 4), {"x": np.arange(4)}, Modality.IMAGE)) == [["x"], []]


def test_a_column_takes_the_name_that_asks_for_it():
    column = Column.of("before", np.arange(4))
    assert names(asked_columns(made(), {"after": column}, Modality.IMAGE)) == [["after"], []]


def test_an_unknown_column_lists_what_is_there():
    with pytest.raises(sde.DataError, match="column must be one of kind, size; got 'colour'"):
        asked_columns(made(), ["colour"], Modality.IMAGE)


def test_the_given_column_is_asked_or_of_the_metadata():
    assert given_column(made(), None, "size", Modality.IMAGE).name == "size"
    assert given_column(made(), {"mine": np.arange(4)}, "mine", Modality.IMAGE).name == "mine"
    assert given_column(made(), ["kind"], "size", Modality.TEXT).name == "size"
    with pytest.raises(sde.DataError, match="given must be one of mine, kind, size; got 'none'"):
        given_column(made(), {"mine": np.arange(4)}, "none", Modality.IMAGE)


@pytest.mark.parametrize("width", [2, 4], ids=["narrower", "wider"])
def test_a_spectrum_of_another_width_is_refused(width):
    spectrum = sde.compute_spectrum(np.random.default_rng(0).normal(size=(9, width)))
    with pytest.raises(sde.DataError, match=f"spectrum must be of width 3; got {width}"):
        asked_side(made(), "image", spectrum)


def test_a_spectrum_of_the_width_is_taken_as_it_is():
    spectrum = sde.compute_spectrum(np.random.default_rng(0).normal(size=(9, 3)))
    assert asked_side(made(), "text", spectrum) == (Modality.TEXT, spectrum)
