"""The numbers of the search: ranks, ties, what an index knows, where its vectors lie."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_explorer.jobs import JobQueue
from sde_explorer.search import cached as cached_search
from sde_explorer.search import numbers, words
from sde_explorer.state import State
from tests.app.search.conftest import rows, settled


def test_what_an_inexact_index_does_not_know_is_not_invented():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3_000, 8)).astype("f4")
    query = torch.from_numpy(x[:1])
    whole = numbers.search(sde.build_index(x), query)
    part = numbers.search(sde.build_index(x, exact_rows=100), query)
    assert len(whole.rows) == 3_000
    assert len(part.rows) < 3_000
    far = whole.rows[-1:]
    assert whole.best_rank(far) == 3_000
    assert part.best_rank(far) is None
    found = numbers.compare(whole, part, far)
    assert (found.right_before, found.right_after, found.best_after) == (3_000.0, None, None)
    assert "it is not among the first" in words.comparison_story(found, "pictures")
    assert found.after[0].other == 1


def test_ranks_count_ties_half_and_other_right_answers_not():
    found = numbers.Found(
        rows=np.array([4, 2, 0, 1, 3]), cosines=np.array([0.9, 0.5, 0.5, 0.5, 0.1], "f4"), n_gallery=5
    )
    assert found.best_rank(np.array([2])) == 3.0
    assert found.best_rank(np.array([3, 4])) == 1.0
    assert found.best_rank(np.array([0, 1, 2])) == 2.0
    assert found.ranks().tolist() == [3, 4, 2, 5, 1]


@pytest.mark.parametrize("name", ["t", "rho", "noise", "strong", "center", "schedule", "transform"])
def test_another_transform_is_another_index(name):
    from sde_explorer.search.cached import transform_key

    other = {"t": 0.5, "rho": 0.5, "noise": 0.5, "strong": 2.0, "center": "kept", "schedule": "step",
             "transform": "pruned"}[name]  # fmt: skip
    assert transform_key(replace(State(), **{name: other})) != transform_key(State())
    assert transform_key(State(transform="enhanced")) == transform_key(State())
    assert transform_key(State(transform="pruned", t=0.5)) == transform_key(State(transform="pruned"))


def test_a_set_that_is_read_where_it_lies_answers_as_one_that_is_copied(
    open_page, spiked_folder, monkeypatch
):
    found = []
    for most in (cached_search.EXACT_ROWS, 100):
        monkeypatch.setattr(cached_search, "EXACT_ROWS", most)
        for queue in ("_as_they_are", "_transformed"):
            monkeypatch.setattr(cached_search, queue, JobQueue())
        at = settled(open_page("retrieval", data=str(spiked_folder), search="pair", pair="7"))
        assert not at.exception
        found.append((rows(at, "before"), rows(at, "after")))
    assert found[0] == found[1]
    assert found[0][1]


def test_a_disk_without_room_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sde.DataError, match="has no room for the transformed vectors"):
        numbers.on_disk((2, 2), tmp_path / "file")
    assert numbers.on_disk((2, 2), tmp_path / "new").tolist() == [[0, 0], [0, 0]]
    assert list((tmp_path / "new").iterdir()) == []
