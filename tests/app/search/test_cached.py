"""What searches keep warm."""

from dataclasses import replace

from sde_explorer.jobs import JobQueue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.search import cached as search
from sde_explorer.state import DEFAULT


def test_thresholds_of_one_s_own_do_not_push_out_the_index_that_all_visitors_share(
    spiked_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    monkeypatch.setattr(search, "_as_they_are", JobQueue(search._as_they_are._ended_kept))
    monkeypatch.setattr(search, "_transformed", JobQueue(search._transformed._ended_kept))
    state = replace(DEFAULT, data=str(spiked_folder))
    data = cached_sets.dataset(cached_sets.entry_of(state))
    shared = search.index_before(data, "image")
    shared.wait()
    own = [search.index_after(data, replace(state, noise=0.7 + 0.02 * who), "image") for who in range(20)]
    for job in own:
        job.wait()
    assert len({job.key for job in own}) == 20
    assert search.index_before(data, "image") is shared
    assert search.index_after(data, replace(state, noise=0.7 + 0.02 * 19), "image") is own[-1]
    # Of a small set the first visitor's is still there when that page looks again.
    assert search.index_after(data, replace(state, noise=0.7), "image") is own[0]
