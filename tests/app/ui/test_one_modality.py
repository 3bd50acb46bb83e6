"""A set with vectors of one modality: every view stands, and says which modality is missing."""

import numpy as np
import pytest

from sde_core import EmbeddingSet

VIEWS = ("overview", "spectrum", "subspaces", "curriculum", "retrieval", "training", "compare", "share")


@pytest.fixture(scope="module", params=["image", "text"])
def one_modality(request, tmp_path_factory):
    rows = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    made = EmbeddingSet.from_arrays(**{request.param: rows}, name="one")
    other = {"image": "text", "text": "image"}[request.param]
    return str(made.save(tmp_path_factory.mktemp("one") / "set")), other


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_that_needs_both_says_which_is_missing(open_page, one_modality, view):
    folder, missing = one_modality
    at = open_page(view, data=folder)
    assert not at.exception
    assert f"There are no {missing} vectors" in "\n".join(i.value for i in at.info)


def test_the_data_view_opens_it(open_page, one_modality):
    folder, missing = one_modality
    at = open_page("data", data=folder)
    assert not at.exception
    assert f"There are no {missing} vectors" in "\n".join(c.value for c in at.caption)
